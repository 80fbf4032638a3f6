"""The addresses of all rooms: slashes, documentation, hosts, CORS."""

import io
import json
import os
import subprocess
import sys

import pytest
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/api", "/api/universes", "/api/jobs", "/health", "/docs", "/openapi.json"])
def test_a_trailing_slash_answers_without_a_redirect(api, path):
    assert api.get(path + "/").status_code == api.get(path).status_code == 200


def test_a_post_with_a_trailing_slash_keeps_its_body(api):
    response = api.post("/api/universes/", {"name": "Winter"})
    assert (response.status_code, response.json()["name"]) == (201, "Winter")


def test_the_admin_keeps_its_slash(client):
    assert client.get("/admin/").status_code == 302


def test_the_documentation_loads_nothing_from_elsewhere(client):
    page = client.get("/docs").content.decode()
    assert "/static/drf_spectacular_sidecar/swagger-ui-dist/" in page
    assert "https://" not in page and "http://" not in page


def test_the_schema_is_json_and_names_every_error(client):
    response = client.get("/openapi.json", headers={"Accept": "text/html"})
    assert response["Content-Type"].startswith("application/json")
    schema = json.loads(response.content)
    create = schema["paths"]["/api/universes"]["post"]
    assert create["operationId"] == "universes_create"
    assert create["tags"] == ["universes"]
    assert {"201", "401", "403", "422"} <= create["responses"].keys()
    assert create["responses"]["422"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/ApiError"
    }
    assert "404" in schema["paths"]["/api/universes/{slug}"]["get"]["responses"]


@pytest.mark.parametrize("is_open", [True, False])
def test_the_schema_is_valid_and_warns_of_nothing(settings, tmp_path, is_open):
    settings.API_OPEN = is_open
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(tmp_path / "schema.yml"))
    assert "cookieAuth" in (tmp_path / "schema.yml").read_text()


def test_every_operation_has_a_name_of_its_own(client):
    paths = json.loads(client.get("/openapi.json").content)["paths"]
    names = [operation["operationId"] for item in paths.values() for operation in item.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", ["/api", "/api/universes", "/api/jobs", "/api/universes/winter"])
def test_a_browser_can_look_around(client, universe, path):
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/html")


def test_a_front_end_on_this_machine_may_call_when_debugging(api):
    response = api.options(
        "/api/universes",
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == "http://localhost:3000"


def ask_the_application(method, path):
    """What a WSGI server gets: `(status, headers, body)`. The test client would drop the body of a HEAD itself."""
    answer = {}

    def start_response(status, headers, exc_info=None):
        answer.update(status=status, headers=dict(headers))
        return lambda data: None

    environ = RequestFactory()._base_environ(REQUEST_METHOD=method, PATH_INFO=path)
    environ |= {"wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(), "QUERY_STRING": ""}
    body = get_wsgi_application()(environ, start_response)
    whole = b"".join(body)
    body.close()
    return answer["status"], answer["headers"], whole


@pytest.mark.parametrize(
    "path", ["/", "/api/universes", "/api/nothing", "/docs", "/storage/buckets/univers/winter/a.png"]
)
def test_a_head_has_the_headers_of_the_get_and_no_body(path, put_file):
    put_file("winter", "a.png")
    status, headers, body = ask_the_application("HEAD", path)
    assert body == b""
    whole = ask_the_application("GET", path)
    assert (status, headers["Content-Length"]) == (whole[0], str(len(whole[2])))


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("path", ["/api/universes", "/health", "/storage/buckets/univers/winter/a.png"])
def test_a_host_name_that_is_not_ours_is_refused_in_json(api, settings, path, debug):
    settings.DEBUG = debug
    response = api.get(path, headers={"Host": "evil.example", "Accept": "text/html"})
    assert response.status_code == 400
    assert "ALLOWED_HOSTS" in response.json()["detail"]


def test_a_host_name_that_is_not_ours_is_refused_on_a_page_elsewhere(client):
    response = client.get("/admin/login/", headers={"Host": "evil.example"})
    assert (response.status_code, response["Content-Type"].split(";")[0]) == (400, "text/html")


STUDIO = "https://studio.example"


@pytest.mark.parametrize(
    ("environment", "credentials", "any_port"),
    [
        ({}, False, True),
        ({"API_OPEN": "false"}, False, True),
        ({"CORS_ALLOWED_ORIGINS": STUDIO}, False, True),
        ({"CORS_ALLOWED_ORIGINS": STUDIO, "API_OPEN": "false"}, True, False),
        ({"CORS_ALLOWED_ORIGINS": STUDIO, "API_OPEN": "false", "DEBUG": "false"}, True, False),
        ({"DEBUG": "false", "API_OPEN": "false"}, False, False),
    ],
)
def test_cookies_come_from_origins_that_are_named_and_only_when_the_api_is_closed(
    environment, credentials, any_port
):
    code = "from magikswipe import settings as s; print(s.CORS_ALLOW_CREDENTIALS, bool(s.CORS_ALLOWED_ORIGIN_REGEXES))"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    assert result.stdout.split() == [str(credentials), str(any_port)]


@pytest.fixture
def closed_to_all_but_the_studio(settings):
    settings.API_OPEN = False
    settings.CORS_ALLOWED_ORIGINS = settings.CSRF_TRUSTED_ORIGINS = [STUDIO]
    settings.CORS_ALLOWED_ORIGIN_REGEXES = []
    settings.CORS_ALLOW_CREDENTIALS = True


def test_a_closed_api_may_be_called_with_the_session_from_a_named_origin(
    editor, closed_to_all_but_the_studio
):
    api = APIClient(enforce_csrf_checks=True)
    api.force_login(editor)
    response = api.get("/api/universes", headers={"Origin": STUDIO})
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == STUDIO
    assert response["Access-Control-Allow-Credentials"] == "true"
    token = "a" * 32
    api.cookies["csrftoken"] = token
    for headers, status in (({}, 403), ({"X-CSRFToken": token}, 201)):
        headers = {"Origin": STUDIO, "Referer": f"{STUDIO}/", **headers}
        assert api.post("/api/universes", {"name": "Snow"}, headers=headers).status_code == status


def test_a_closed_api_lets_no_other_origin_see_what_it_answers(api, editor, closed_to_all_but_the_studio):
    api.force_login(editor)
    response = api.get("/api/universes", headers={"Origin": "http://localhost:3000"})
    assert "Access-Control-Allow-Origin" not in response


USUAL = {"Authorization", "Content-Type", "X-CSRFToken", "X-Request-ID"}


def test_what_the_schema_offers_passes_a_preflight(api, closed_to_all_but_the_studio):
    """A browser asks for leave before it sends a page's call with any of these headers."""
    asked = set()
    for path, operations in api.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            offered = {part["name"] for part in operation.get("parameters", []) if part["in"] == "header"}
            wanted = {
                "Origin": STUDIO,
                "Access-Control-Request-Method": method.upper(),
                "Access-Control-Request-Headers": ",".join(sorted(name.lower() for name in offered | USUAL)),
            }
            allowed = api.options(path, headers=wanted)
            assert (allowed.status_code, allowed["Access-Control-Allow-Origin"]) == (200, STUDIO), path
            assert method.upper() in allowed["Access-Control-Allow-Methods"]
            names = {name.strip() for name in allowed["Access-Control-Allow-Headers"].split(",")}
            assert {name.lower() for name in offered | USUAL} <= names, path
            asked |= offered
    assert {"Idempotency-Key", "If-None-Match", "Range", "If-Range", "If-Match"} <= asked


def test_what_a_page_needs_of_an_answer_is_exposed_to_it(api, universe, closed_to_all_but_the_studio):
    seen = api.get("/api/universes", headers={"Origin": STUDIO})["Access-Control-Expose-Headers"].split(", ")
    needed = {"ETag", "Retry-After", "Content-Range", "Accept-Ranges", "Content-Disposition", "X-Request-ID"}
    assert needed <= set(seen)
