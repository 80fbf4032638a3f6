"""The addresses outside the rooms: info, health, documentation, slashes, CORS."""

import json

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from magikswipe import __version__

pytestmark = pytest.mark.django_db


def test_the_root_says_what_runs_here(api):
    assert api.get("/").json() == {
        "name": "MagikSwipe",
        "version": __version__,
        "status": "running",
        "docs": "/docs",
    }


def test_health_when_all_is_well(api):
    response = api.get("/health")
    assert response.status_code == 200
    assert response.json() == {
        "status": "healthy",
        "database": True,
        "supabase_connected": False,
        "ai_available": False,
    }


def test_health_knows_of_a_key(api, settings):
    settings.REPLICATE_API_TOKEN = "r8_key"
    assert api.get("/health").json()["ai_available"] is True


def test_health_without_a_database_is_503_and_no_crash(api):
    def broken(execute, sql, params, many, context):
        raise OperationalError("gone")

    with connection.execute_wrapper(broken):
        response = api.get("/health")
    assert response.status_code == 503
    assert (response.json()["status"], response.json()["database"]) == ("unhealthy", False)


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
        "$ref": "#/components/schemas/Error"
    }
    assert "404" in schema["paths"]["/api/universes/{slug}"]["get"]["responses"]


@pytest.mark.parametrize("is_open", [True, False])
def test_the_schema_is_valid_and_warns_of_nothing(settings, tmp_path, is_open):
    settings.API_OPEN = is_open
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(tmp_path / "schema.yml"))
    assert ("cookieAuth" in (tmp_path / "schema.yml").read_text()) is not is_open


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
