"""Lines of the log: as JSON, with the ids of what they are about; no key is in them or in an answer."""

import io
import json
import logging
import re

import pytest
from django.test import Client
from django.urls import reverse

from api import tokens
from generation import provider as replicate
from jobs import process, services
from jobs.runner import run_here
from magikswipe import logs
from storage import signed_urls

pytestmark = pytest.mark.django_db


@pytest.fixture
def logged():
    """Lets all that is logged be written as well by a formatter: `logged(logs.Json())` gives the text so far."""
    root, handlers = logging.getLogger(), []

    def listen(formatter):
        handler = logging.StreamHandler(io.StringIO())
        handler.setFormatter(formatter)
        handler.addFilter(logs.Facts())
        handler.addFilter(logs.Routes())
        handlers.append(handler)
        root.addHandler(handler)
        return handler.stream.getvalue

    level = root.level
    root.setLevel("INFO")
    yield listen
    root.setLevel(level)
    for handler in handlers:
        root.removeHandler(handler)


@pytest.fixture
def lines(logged, caplog):
    """What was logged so far, as it is with LOG_FORMAT=json."""
    caplog.set_level("INFO", "magikswipe.access")
    text = logged(logs.Json())
    return lambda: [json.loads(line) for line in text().splitlines()]


def test_each_request_has_a_line_with_its_route(api, universe, lines):
    response = api.get("/api/universes/winter?search=secret")
    (line,) = [line for line in lines() if line["logger"] == "magikswipe.access"]
    assert (line["method"], line["status"], line["level"]) == ("GET", 200, "INFO")
    assert line["route"] == "/api/universes/<str:slug>" and line["ms"] > 0
    assert line["request"] == response["X-Request-ID"]
    assert "winter" not in json.dumps(line) and "secret" not in json.dumps(line)


def test_no_line_tells_which_universe_a_stranger_asked_for(settings, make_universe, lines):
    settings.API_OPEN = False
    make_universe(slug="hidden", is_public=False)
    client = Client(enforce_csrf_checks=True)
    for path in ("/preview/hidden", "/api/universes/hidden", "/storage/buckets/univers/hidden/a.png"):
        assert client.get(path).status_code == 404
    # Django's line of a missing CSRF token is a warning of another logger.
    assert client.post("/admin/login/?next=/hidden").status_code == 403
    assert len(lines()) > 4 and "hidden" not in json.dumps(lines())


@pytest.mark.urls("magikswipe.tests.crashing_urls")
@pytest.mark.parametrize("prefix", ["/plain", "/api/plain", "/api/fail"])
def test_a_crashes_line_names_the_route_instead_of_the_path(prefix, lines):
    assert Client(raise_request_exception=False).get(f"{prefix}/crash").status_code == 500
    told = {line["message"] for line in lines()}
    assert f"Internal Server Error: {prefix}/<str:kind>" in told
    assert not any(f"{prefix}/crash" in message for message in told)
    assert any("ZeroDivisionError" in line.get("exception", "") for line in lines())


def test_a_sane_id_of_the_client_is_kept(api):
    assert api.get("/health", headers={"X-Request-ID": "trace-1.a"})["X-Request-ID"] == "trace-1.a"


@pytest.mark.parametrize("id", ["", "two words", "x" * 65, "é", 'a"b', "a;b"])
def test_another_gets_one_of_ours(api, id):
    assert re.fullmatch("[0-9a-f]{32}", api.get("/health", headers={"X-Request-ID": id})["X-Request-ID"])


def test_an_answer_of_each_layer_has_an_id(client):
    for path in ("/static/nothing.css", "/nowhere", "/admin/", "/api/universes/"):
        assert client.get(path)["X-Request-ID"]


def test_a_crash_is_one_line_with_its_traceback(lines):
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("magikswipe").exception("It broke")
    (line,) = lines()
    assert line["message"] == "It broke" and line["exception"].endswith("ValueError: broken")


def test_a_workers_line_tells_its_job_and_step(lines):
    step = services.Step(key="one", label="One", handler="jobs.tests.handlers.Breaks")
    job = services.start("test", "winter", [step])
    run_here(job.pk)
    (line,) = [line for line in lines() if "broke" in line["message"]]
    assert (line["job"], line["step"]) == (str(job.pk), "one")
    assert process.current_work() == {}


def test_no_line_tells_a_secret(settings, lines):
    settings.REPLICATE_API_TOKEN = "r8_very-secret"
    log = logging.getLogger("magikswipe")
    log.warning("Sent with r8_very-secret to %s", "postgres://me:hidden@host/db")
    token, signed = tokens.create("x", ["read"], days=1)[1], signed_urls.sign("/storage/a.png")
    log.warning("With %s at %s", token, signed)
    log.warning("Headers: {'Authorization': 'Bearer abc.def-ghi'} and token xyz12345")
    try:
        raise ValueError("r8_very-secret")
    except ValueError:
        log.exception("Broke")
    told = json.dumps(lines())
    hidden = (token.split("_", 2)[2], signed.partition("=")[2])
    for secret in ("very-secret", "hidden", "abc.def", "xyz12345", *hidden):
        assert secret not in told
    assert "postgres://me:***@host/db" in told


def test_people_read_lines_with_the_same_facts_and_without_secrets(settings, logged):
    settings.SUPABASE_SERVICE_ROLE_KEY = "service-key"
    text = logged(logs.Lines("{levelname} {name}: {message}", style="{"))
    with process.working_on(job="1234"):
        logging.getLogger("magikswipe").warning("With service-key")
    assert text() == "WARNING magikswipe: With *** [job=1234]\n"


KEYS = {
    "REPLICATE_API_TOKEN": "r8_VeryHiddenReplicateToken0123456789",
    "SUPABASE_SERVICE_ROLE_KEY": "eyJVeryHiddenSupabaseKey0123456789",
    "SECRET_KEY": "very-hidden-secret-key-0123456789-0123456789-0123456789",
    "ADMIN_PASSWORD": "very hidden password",
}


@pytest.fixture
def told_lines(caplog):
    """What is logged, as our formatter writes it: every logger, as much as it says."""
    caplog.set_level(logging.DEBUG)

    def written():
        return "\n".join(form.format(record) for record in caplog.records for form in FORMATTERS)

    return written


FORMATTERS = (logs.Lines(), logs.Json())


@pytest.fixture
def token(settings, sandbox):
    """All keys set and wrong, both services real enough to refuse them; a client's token."""
    for name, value in KEYS.items():
        setattr(settings, name, value)
    settings.REPLICATE_BASE_URL = settings.SUPABASE_URL = sandbox.url
    settings.API_OPEN = False
    yield tokens.create("client", tokens.SCOPES, days=1)[1]
    replicate.close()


FAILING = [
    ("post", "/api/generate/winter/concepts", {"theme": "snow"}),
    ("post", "/api/generate/translate-text", {"text": "neige", "source": "fr", "target": "en"}),
    ("post", "/api/generate/winter/images", {}),
    ("get", "/api/sync/status?diff=true", None),
    ("post", "/api/sync/push/winter", {}),
    ("post", "/api/sync/pull/winter", {}),
    ("post", "/api/sync/init", {}),
    ("post", "/api/universes", {"name": 7}),
    ("get", "/api/nothing", None),
    ("get", "/health", None),
]


def test_failing_calls_tell_no_key(api, told_lines, token, universe, asset):
    answers = []
    for credentials in (f"Bearer {token}", f"Bearer {token}x", "Bearer msk_junk", ""):
        api.credentials(HTTP_AUTHORIZATION=credentials)
        for method, path, body in FAILING:
            answers.append(getattr(api, method)(path, body).content.decode())
    told = told_lines() + "\n".join(answers)
    assert "winter" in told
    for secret in (*KEYS.values(), token, token.split("_", 2)[2]):
        assert secret not in told


def test_a_login_tells_no_password(client, told_lines, staff):
    staff("lea", "Editor")
    for password in ("words", "a password with a typo"):
        response = client.post(reverse("admin:login"), {"username": "lea", "password": password})
        assert password not in told_lines() + response.content.decode()
