"""compose.yaml: what it names exists and is pinned, starts in order, and its profile `scale` works as processes."""

import re
import sys
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests import containers
from tests.containers import Container
from tests.proxies import needs
from tests.services import drop_database, free_port, own_database, own_redis, until
from tests.stack import ROOT
from tests.test_journey import is_picture

SERVICES = containers.services()
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
ENGINES = {name: service for name, service in SERVICES.items() if "image" in service}
SCALED = {name: service for name, service in SERVICES.items() if "scale" in service.get("profiles", [])}


@pytest.mark.parametrize("service", ENGINES)
def test_an_engine_is_of_one_version(service):
    assert re.fullmatch(r"[\w/]+:\d+\.\d+(\.\d+)?", ENGINES[service]["image"])


@pytest.mark.parametrize("service", OURS)
def test_what_is_ours_writes_nothing_but_its_data(service):
    config = OURS[service]
    assert config["read_only"] is True
    assert (config["volumes"], config["cap_drop"]) == (["data:/data"], ["ALL"])
    assert config["tmpfs"] == ["/tmp"]  # noqa: S108 - the container's own
    assert config["security_opt"] == ["no-new-privileges:true"]


def test_every_service_tells_whether_it_is_healthy():
    asked = {name for name, service in SERVICES.items() if "test" in service.get("healthcheck", {})}
    # Web servers have the image's own; what makes the bucket ends.
    assert SERVICES.keys() - asked == {"backend", "web", "bucket"}
    assert "magikswipe.healthcheck" in containers.instructions("HEALTHCHECK")[0]


def test_each_waits_for_what_it_needs():
    needed = {name: service.get("depends_on", {}) for name, service in SCALED.items()}
    ready = {"postgres": "service_healthy", "redis": "service_healthy"}
    told = {name: {on: how["condition"] for on, how in those.items()} for name, those in needed.items()}
    assert told["web"] == told["scaled-worker"] == {**ready, "bucket": "service_completed_successfully"}
    assert (told["bucket"], told["proxy"]) == ({"s3": "service_healthy"}, {"web": "service_healthy"})


def test_nothing_is_reached_from_outside_but_by_this_machine():
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


def test_the_ports_are_those_that_the_documents_name():
    assert SERVICES["backend"]["ports"] == ["127.0.0.1:8000:8000"]
    assert SERVICES["proxy"]["ports"] == ["127.0.0.1:8080:8080"]
    documents = (ROOT / "README.md").read_text() + (ROOT / "docs" / "deploy.md").read_text()
    assert "<http://localhost:8000/docs>" in documents and "<http://localhost:8080>" in documents


@pytest.mark.slow
@pytest.mark.parametrize("is_open", ["true", "false"])
def test_pages_on_port_8081_may_call_the_backend_while_it_is_open(tmp_path, is_open):
    """The front ends of the former backend are served there."""
    config = {name: str(value) for name, value in OURS["backend"]["environment"].items()}
    given = config | {
        "STORAGE_PATH": str(tmp_path / "data"),
        "API_OPEN": is_open,
        "ADMIN_PASSWORD": "a long one",
    }
    (tmp_path / "data").mkdir()
    container = Container(containers.unpack(tmp_path), Path(sys.executable).parent, **given)
    web = free_port()
    serve = [word.replace("0.0.0.0:8000", f"127.0.0.1:{web}") for word in containers.command()]
    page = {"Origin": "http://localhost:8081"}
    with container.running(*serve) as process, httpx.Client(base_url=f"http://127.0.0.1:{web}") as client:
        assert until(lambda: client.get("/health").is_success, httpx.TransportError, process)
        made = client.post("/api/universes", json={"name": "Winter"}, headers=page)
        leave = client.options("/api/universes", headers={**page, "Access-Control-Request-Method": "POST"})
    allowed = leave.headers.get("access-control-allow-origin")
    expected = (201, page["Origin"]) if is_open == "true" else (401, None)
    assert (made.status_code, allowed) == expected


def test_the_documented_command_starts_the_profile_and_nothing_else():
    document = (ROOT / "docs" / "deploy.md").read_text()
    (named,) = re.findall(r"^docker compose --profile scale up --build (.+)$", document, re.MULTILINE)
    started = named.split()
    for name in started:
        started += [on for on in SERVICES[name].get("depends_on", []) if on not in started]
    assert set(started) == SCALED.keys()


@pytest.fixture
def scaled(tmp_path, s3_server, sandbox):
    """Runs the services of the profile: the same commands and variables, with the engines of the tests."""
    app = containers.unpack(tmp_path)
    (data := tmp_path / "data").mkdir()
    database = own_database()
    # What .env would say, that both web servers make the same administrator among it.
    keys = {
        "REPLICATE_API_TOKEN": sandbox.key,
        "REPLICATE_BASE_URL": sandbox.url,
        "ADMIN_PASSWORD": "a long password",
    }
    engines = {
        "STORAGE_PATH": str(data),
        "DATABASE_URL": database,
        "REDIS_URL": own_redis(),
    }

    def container(service):
        config = SCALED[service]
        given = {name: str(value) for name, value in config["environment"].items()}
        assert engines.keys() <= given.keys()
        given["BUCKET_URL"] = given["BUCKET_URL"].replace("s3:8333", s3_server.removeprefix("http://"))
        return Container(app, Path(sys.executable).parent, **keys | given | engines)

    yield container
    drop_database(database)


def proxy(*webs):
    """The proxy's command for these ports of web servers, and the port that it listens on."""
    port = free_port()
    words = [word.replace(":8080", f":{port}") for word in SCALED["proxy"]["command"]]
    assert words[-2:] == ["--to", "web:8000"]
    return port, words[:-2] + [word for web in webs for word in ("--to", f"127.0.0.1:{web}")]


@pytest.mark.servers
def test_the_profile_scale_makes_its_bucket_migrates_once_and_draws(scaled):
    needs("caddy")
    made = scaled("bucket").run(*SCALED["bucket"]["command"])
    assert (made.returncode, made.stdout) == (0, "The bucket 'magikswipe' is made.\n"), made.stderr
    webs = [free_port() for _ in range(SCALED["web"]["deploy"]["replicas"])]
    port, command = proxy(*webs)
    with ExitStack() as up:
        for web in webs:
            serve = [word.replace("0.0.0.0:8000", f"127.0.0.1:{web}") for word in containers.command()]
            last = up.enter_context(scaled("web").running(*serve))
        workers = SCALED["scaled-worker"]["deploy"]["replicas"]
        for _ in range(workers):
            up.enter_context(scaled("scaled-worker").running(*SCALED["scaled-worker"]["command"]))
        up.enter_context(scaled("web").running(*command))
        client = up.enter_context(httpx.Client(base_url=f"http://localhost:{port}", timeout=30))
        for web in webs:
            alone = f"http://127.0.0.1:{web}/health"
            assert until(lambda: httpx.get(alone).is_success, httpx.TransportError, last)  # noqa: B023
        assert until(lambda: client.get("/ready").is_success, httpx.TransportError, last), client.get(
            "/ready"
        ).text
        # One makes it ready; the other, too, must have begun before it is told to end in peace.
        all_work = f"magikswipe_workers {workers:.1f}\n"
        assert until(lambda: all_work in client.get("/metrics").text, httpx.TransportError, last)
        test = SCALED["scaled-worker"]["healthcheck"]["test"]
        assert scaled("scaled-worker").run(*test[1:]).returncode == 0
        assert_draws(client, last)


def assert_draws(client, process):
    client.post("/api/universes", json={"name": "winter", "slug": "winter"}).raise_for_status()
    for number in range(4):
        card = {"display_name": f"Cat {number}"}
        client.post("/api/universes/winter/assets", json=card).raise_for_status()
    job = client.post("/api/generate/winter/images").raise_for_status().json()["id"]
    assert until(lambda: client.get(f"/api/jobs/{job}").json()["completed_at"], httpx.TransportError, process)
    cards = client.get("/api/universes/winter/assets").json()
    assert all(is_picture(client.get(card["image_url"]).content) for card in cards)
