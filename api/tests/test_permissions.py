"""Who may call what, when the API is open and when it is closed."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from universes.models import Revision, Universe

CALLS = [
    ("get", "/api"),
    ("post", "/api/universes"),
    ("put", "/api/universes"),
    ("options", "/api/universes"),
    ("get", "/api/universes/winter/export"),
    ("get", "/api/jobs?limit=junk"),
    ("get", "/api/jobs/junk"),
    ("delete", "/api/jobs/cleanup?days=99"),
    ("get", "/api/nothing"),
]


@pytest.fixture
def closed(settings):
    settings.API_OPEN = False


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_closed_api_asks_strangers_for_a_login_before_anything_else(api, db, closed, method, path):
    response = getattr(api, method)(path)
    assert response.status_code == 401
    assert response.json().keys() == {"detail"}
    assert response["WWW-Authenticate"] == 'Bearer realm="MagikSwipe"'


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_closed_api_refuses_those_who_are_no_editors(api, closed, editor, method, path):
    editor.is_staff = False
    editor.save()
    api.force_login(editor)
    response = getattr(api, method)(path)
    assert response.status_code == 403
    assert response.json().keys() == {"detail"}


def test_an_editor_may_read_and_change(api, closed, editor):
    api.force_login(editor)
    assert api.post("/api/universes", {"name": "Winter"}).status_code == 201
    assert api.get("/api/universes").json()["total"] == 1


def test_an_editors_deletion_names_the_editor(api, closed, editor, universe):
    api.force_login(editor)
    api.delete("/api/universes/winter")
    assert Revision.objects.get().author == "editor"


def test_a_closed_api_wants_the_csrf_token_of_a_cookie(closed, editor):
    api = APIClient(enforce_csrf_checks=True)
    api.force_login(editor)
    response = api.post("/api/universes", {"name": "Winter"})
    assert response.status_code == 403
    assert "CSRF" in response.json()["detail"]


def test_an_open_api_does_not_care_for_a_cookie(editor):
    api = APIClient(enforce_csrf_checks=True)
    api.force_login(editor)
    assert api.post("/api/universes", {"name": "Winter"}).status_code == 201


BODILESS = ["/api/sync/push/winter", "/api/generate/winter/images", f"/api/jobs/{'0' * 32}/cancel"]
FOREIGN = [
    "http://evil.example",
    "https://evil.example:8000",
    "null",
    "",
    "http://[",
    "http://testserver.evil.example",
]


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("path", BODILESS)
def test_an_open_api_refuses_what_a_foreign_page_sends(api, universe, asset, path, origin):
    for body in ({}, {"data": "", "content_type": "text/plain"}):
        response = api.post(path, **body, headers={"Origin": origin})
        assert response.status_code == 403
        assert "CORS_ALLOWED_ORIGINS" in response.json()["detail"]


# Types that a page can send without a preflight: a Blob has no Content-Type unless it is given one.
UNASKED = ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]


@pytest.mark.parametrize("kind", UNASKED)
@pytest.mark.parametrize("path", ["/api/universes", "/api/universes/import", "/api/generate/winter/images"])
def test_a_foreign_pages_body_is_refused_before_its_type_is_looked_at(editor, universe, settings, path, kind):
    for is_open in (True, False):
        settings.API_OPEN = is_open
        api = APIClient(enforce_csrf_checks=True)
        api.force_login(editor)
        for origin in ("https://evil.example", "null"):
            sent = {"content_type": kind, "headers": {"Origin": origin}}
            assert api.generic("POST", path, b'{"name": "Evil"}', **sent).status_code == 403
    assert [found.name for found in Universe.objects.all()] == ["Winter"]


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_an_open_api_keeps_what_a_foreign_page_wants_changed(api, universe, method):
    response = getattr(api, method)("/api/universes/winter", headers={"Origin": "null"})
    assert response.status_code == 403
    assert api.get("/api/universes/winter", headers={"Origin": "null"}).json()["name"] == "Winter"


@pytest.mark.parametrize(
    "origin", ["http://testserver", "https://testserver", "http://localhost:5173", "https://studio.example"]
)
def test_an_open_api_takes_what_its_own_and_the_allowed_pages_send(api, universe, settings, origin):
    settings.CORS_ALLOWED_ORIGINS = ["https://studio.example"]
    response = api.post("/api/universes/winter/assets", {"display_name": "Snow"}, headers={"Origin": origin})
    assert response.status_code == 201


@pytest.mark.parametrize("origin", ["http://testserver:8081", "https://testserver:8443"])
def test_behind_a_proxy_that_drops_the_port_the_refusal_names_the_line_to_change(api, universe, origin):
    refused = api.post("/api/universes/winter/assets", {"display_name": "Snow"}, headers={"Origin": origin})
    assert refused.status_code == 403
    detail = refused.json()["detail"]
    assert "proxy_set_header Host $http_host;" in detail and "CORS_ALLOWED_ORIGINS" in detail
    passed = {"Origin": origin, "Host": origin.partition("://")[2]}
    taken = api.post("/api/universes/winter/assets", {"display_name": "Snow"}, headers=passed)
    assert taken.status_code == 201


def test_behind_a_proxy_that_tells_the_host_in_another_header_the_refusal_names_that(api, universe, settings):
    settings.USE_X_FORWARDED_HOST = True
    headers = {"Origin": "http://testserver:8081", "Host": "127.0.0.1:8000", "X-Forwarded-Host": "testserver"}
    refused = api.post("/api/universes/winter/assets", {"display_name": "Snow"}, headers=headers)
    assert refused.status_code == 403
    assert "proxy_set_header X-Forwarded-Host $http_host;" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("http://testserver", "testserver:80", 201),
        ("https://testserver", "testserver:443", 201),
        ("http://testserver", "testserver:443", 403),
        ("https://testserver", "testserver:8443", 403),
        ("file://testserver", "testserver", 403),
    ],
)
def test_a_proxy_may_tell_the_port_that_an_origin_leaves_out(api, universe, origin, host, status):
    headers = {"Origin": origin, "Host": host}
    sent = api.post("/api/universes/winter/assets", {"display_name": "Snow"}, headers=headers)
    assert sent.status_code == status


def test_a_foreign_page_is_refused_before_every_other_check(api, db):
    for method, path in CALLS:
        if method not in ("get", "options"):
            assert getattr(api, method)(path, headers={"Origin": "null"}).status_code == 403


def test_an_editors_cookie_makes_no_page_less_foreign(editor, universe):
    api = APIClient(enforce_csrf_checks=True)
    api.force_login(editor)
    assert api.post("/api/universes", {"name": "Snow"}, headers={"Origin": "null"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/health", "/docs", "/openapi.json"])
def test_some_doors_are_open_to_all(db, closed, path):
    assert Client().get(path).status_code == 200


def test_media_of_a_private_universe_are_for_editors_alone(api, closed, editor, make_universe, put_file):
    make_universe(slug="shown"), make_universe(slug="hidden", is_public=False)
    for slug in ("shown", "hidden", "orphan"):
        put_file(slug, "a.png")
    wanted = {"shown": (200, 200), "hidden": (404, 200), "orphan": (404, 200)}
    for slug, (stranger, known) in wanted.items():
        address = f"/storage/buckets/univers/{slug}/a.png"
        statuses = []
        for client in (APIClient(), api):
            if client is api:
                client.force_login(editor)
            response = client.get(address)
            statuses.append(response.status_code)
            b"".join(response) if response.streaming else response.content
        assert statuses == [stranger, known], slug
