"""What the image holds, and that it is all that production needs."""

import re
import subprocess
import sys

import httpx
import pytest

from tests import containers
from tests.containers import Container
from tests.services import free_port, until
from tests.stack import ROOT

DEPLOY = (ROOT / "docs" / "deploy.md").read_text()
HOLDS = {
    "manage.py",
    "gunicorn.conf.py",
    "requirements.txt",
    "constraints.txt",
    "magikswipe/settings.py",
    "jobs/management/commands/qcluster.py",
    "storage/management/commands/make_buckets.py",
    "universes/migrations/0001_initial.py",
    "studio/static/magikswipe/admin.css",
    "locale/fr/LC_MESSAGES/django.mo",
    "/usr/local/bin/docker-entrypoint",
}
NEVER = (
    r"(^|/)(\..*|tests|test_.*|conftest\.py|sandbox|bench|var|docs|__pycache__|requirements-dev\.txt)(/|$)"
)


def test_the_image_holds_the_product_and_nothing_of_its_making():
    held = set(containers.files())
    assert not HOLDS - held
    assert not {name for name in held if re.search(NEVER, name)}


def test_every_room_of_the_product_is_in_it():
    rooms = {path.parent.name for path in ROOT.glob("*/apps.py")} | {"magikswipe"}
    assert rooms <= {name.split("/")[0] for name in containers.files()}


def test_it_is_made_from_a_version_and_runs_as_nobody_special():
    (base,) = containers.instructions("FROM")
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", base)
    assert containers.instructions("USER") == ["magikswipe"]
    assert containers.environment()["STORAGE_PATH"] == "/data"
    assert containers.instructions("VOLUME") == ["/data"]


@pytest.fixture
def image(tmp_path):
    """The image's folder, and a virtual environment made as docs/deploy.md says: `(folder, programs)`."""
    app = containers.unpack(tmp_path)
    install = re.search(r"```sh\n(.*?pip install.*?)```", DEPLOY, re.DOTALL)[1]
    own = install.replace("python3.11", sys.executable).replace("/srv/magikswipe", str(tmp_path))
    subprocess.run(["/bin/sh", "-e", "-c", own], cwd=app, check=True, stdout=subprocess.DEVNULL)
    return app, tmp_path / "venv" / "bin"


def test_the_image_installs_the_same_as_the_document():
    (install,) = [line.split() for line in containers.instructions("RUN") if line.startswith("pip install ")]
    assert f"pip install {' '.join(install[-2:])}\n" in DEPLOY


def content(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.slow
def test_web_server_and_worker_run_with_what_it_installs_and_write_nothing_but_data(image, tmp_path):
    app, programs = image
    port = free_port()
    (data := tmp_path / "data").mkdir()
    before = content(app), content(programs.parent)
    container = Container(app, programs, STORAGE_PATH=str(data), API_OPEN="true", HTTPS="false")
    gunicorn = [word.replace("0.0.0.0:8000", f"127.0.0.1:{port}") for word in containers.command()]
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
        container.running(*gunicorn) as web,
        container.running("python", "manage.py", "qcluster") as worker,
    ):
        healthy = ("python", "-m", "magikswipe.healthcheck", "worker")
        assert until(lambda: client.get("/health").is_success, httpx.TransportError, web)
        assert until(lambda: client.get("/ready").is_success, httpx.TransportError, worker)
        assert container.run(*healthy).returncode == 0
        for address in ("/docs", "/admin/login/", "/static/magikswipe/admin.css", "/openapi.json"):
            assert client.get(address).is_success, address
    checked = Container(app, programs, STORAGE_PATH=str(data), HTTPS="true").run(
        *["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    )
    assert checked.returncode == 0, checked.stderr
    assert (content(app), content(programs.parent)) == before
    assert (data / "secret_key").stat().st_mode & 0o077 == 0
    assert installed(programs).isdisjoint(development())


def installed(programs):
    listed = subprocess.run([programs / "pip", "list", "--format=freeze"], capture_output=True, text=True)
    return {normal(line.split("==")[0]) for line in listed.stdout.splitlines()}


def development():
    """The packages that only developers ask for; one of them drf-spectacular needs, too."""
    lines = (ROOT / "requirements-dev.txt").read_text().splitlines()
    return {normal(line.split("==")[0]) for line in lines if "==" in line} - {"jsonschema"}


def normal(name):
    return name.lower().replace("_", "-")
