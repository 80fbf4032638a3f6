"""How errors leave the API: one shape, English, and no words meant for developers."""

import gzip
import logging
import re

import pytest
from django.test import Client

from api.errors import clean, flatten

FORM = "application/x-www-form-urlencoded"

pytestmark = [pytest.mark.django_db, pytest.mark.urls("magikswipe.tests.crashing_urls")]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("crash", 500),
        ("suspicious", 400),
        ("large", 413),
        ("database", 503),
        ("forbidden", 403),
        ("vanished", 404),
        ("throttled", 429),
        ("impossible", 400),
        ("busy", 409),
    ],
)
@pytest.mark.parametrize("debug", [True, False])
def test_every_failure_has_its_status_and_one_sentence(api, settings, caplog, kind, status, debug):
    settings.DEBUG = debug
    caplog.set_level(logging.CRITICAL)
    response = api.get(f"/api/fail/{kind}")
    assert response.status_code == status
    assert response.json()["detail"].endswith((".", "cancel it."))
    assert "secret" not in response.json()["detail"]


def test_a_crash_is_logged_with_its_traceback(api, caplog):
    api.get("/api/fail/crash")
    assert any(record.exc_info and "secret words" in record.getMessage() for record in caplog.records)


def test_a_throttled_caller_learns_when_to_come_back(api):
    assert api.get("/api/fail/throttled")["Retry-After"] == "8"


def test_an_error_may_carry_more_fields(api):
    assert api.get("/api/fail/busy").json()["job_id"] == "5a3c5f4e-0000-4000-8000-000000000000"


@pytest.mark.parametrize(("kind", "status"), [("crash", 500), ("suspicious", 400), ("forbidden", 403)])
def test_a_plain_view_fails_in_json_under_the_api_and_in_html_elsewhere(kind, status, caplog):
    caplog.set_level(logging.CRITICAL)
    client = Client(raise_request_exception=False)
    inside, outside = client.get(f"/api/plain/{kind}"), client.get(f"/plain/{kind}")
    assert (inside.status_code, outside.status_code) == (status, status)
    assert inside.json().keys() == {"detail"}
    assert outside["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    "path",
    [
        "/api/nothing",
        "/api//",
        "/api/universes//",
        "/api/universes/a/b/c",
        "/api/a%0ab",
        "/storage",
        "/storage/x",
    ],
)
def test_an_unknown_path_is_404_in_json_whatever_the_method(api, settings, path, debug):
    settings.DEBUG = debug
    for method in ("get", "post", "patch", "delete", "put", "options"):
        response = getattr(api, method)(path, headers={"Accept": "text/html"})
        assert response.status_code == 404, method
        assert "not found" in response.json()["detail"]


def test_an_unknown_path_elsewhere_is_a_page(client):
    response = client.get("/nothing")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/nothing", 404, "Rien ici"),
        ("/plain/forbidden", 403, "Non autorisé"),
        ("/plain/suspicious", 400, "Envoi illisible"),
        ("/plain/large", 413, "Trop de texte"),
        ("/plain/crash", 500, "Quelque chose s’est mal passé"),
        ("/plain/database", 503, "La base de données ne répond pas"),
    ],
)
def test_a_page_of_an_error_leads_strangers_to_the_first_page_in_their_language(path, status, title, caplog):
    caplog.set_level(logging.CRITICAL)
    client = Client(raise_request_exception=False, headers={"Accept-Language": "fr"})
    response = client.get(path)
    page = response.content.decode()
    assert (response.status_code, title in page) == (status, True)
    # While the database is away, the first page would be no better.
    assert set(re.findall('href="([^"]+)"', page)) == ({"/"} if status != 503 else set())
    assert "secret" not in page


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    ("status", "title", "sent"),
    [
        (413, "Trop de texte", {"data": {"name": "x" * 6_000_000}}),
        (413, "Trop de texte", {"data": f"name={'x' * 6_000_000}", "content_type": FORM}),
        (400, "Envoi illisible", {"data": "&".join(f"a{i}=1" for i in range(2000)), "content_type": FORM}),
        (400, "Envoi illisible", {"data": b"x", "content_type": "multipart/form-data; boundary="}),
        (403, "La page n’était plus à jour", {"data": {"username": "x"}}),
    ],
)
def test_a_form_that_is_not_taken_is_a_page_with_a_sentence(settings, caplog, debug, status, title, sent):
    settings.DEBUG = debug
    caplog.set_level(logging.CRITICAL)
    response = Client(enforce_csrf_checks=True).post(
        "/admin/login/", headers={"Accept-Language": "fr"}, **sent
    )
    assert response.status_code == status
    assert (
        title in response.content.decode() and "rien n’a été enregistré" in response.content.decode().lower()
    )


def test_a_body_that_is_not_in_utf8_is_told_so(api):
    for body in (b'{"name": "\xff"}', "{}".encode("utf-16"), gzip.compress(b"{}")):
        response = api.post("/api/universes", body, content_type="application/json")
        assert (response.status_code, response.json()["detail"]) == (
            422,
            "The body is not valid JSON: it is not in UTF-8; send it in UTF-8, and not compressed.",
        )


def test_errors_are_english_whatever_the_client_speaks(api, settings):
    french = {"Accept-Language": "fr"}
    sentences = [
        api.post("/api/universes", {}, headers=french).json()["detail"],
        api.get("/api/universes?limit=0", headers=french).json()["detail"],
        api.put("/api/universes", {}, headers=french).json()["detail"],
        api.post("/api/fail/crash", "x", content_type="text/plain", headers=french).json()["detail"],
    ]
    assert sentences == [
        "name is required.",
        "limit must be greater than or equal to 1.",
        'Method "PUT" not allowed.',
        "Send JSON as the body, with the Content-Type application/json.",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"\xff\xfe",
        b"{'name': 1}",
        b'{"name": NaN}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 5000,
        b'{"name": "\\ud800"}',
        b'{"name": "a\\u0000b"}',
        b'{"translations": {"\\ud800": "x"}, "name": "x"}',
    ],
)
def test_a_body_that_is_no_sound_json_is_422(api, body):
    response = api.post("/api/universes", body, content_type="application/json")
    assert response.status_code == 422
    assert len(response.json()["detail"]) < 300


def test_a_body_in_a_strange_charset_is_422(api):
    for charset in ("utf-16", "bz2_codec"):
        response = api.post(
            "/api/universes", b'{"name": "x"}', content_type=f"application/json; charset={charset}"
        )
        assert response.status_code == 422


def test_a_form_is_415(api):
    for kind in (
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "rubbish",
    ):
        response = api.generic("POST", "/api/universes", b"name=x", content_type=kind)
        assert response.status_code == 415
        assert response.json() == {"detail": "Send JSON as the body, with the Content-Type application/json."}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["", "application/json", "application/merge-patch+json", "text/json"])
def test_json_is_taken_by_whatever_name(api, kind):
    response = api.generic("POST", "/api/universes", b'\xef\xbb\xbf{"name": "x"}', content_type=kind)
    assert response.status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        "9" * 10_000, "-" + "9" * 10_000, '{"sort_order": ' + "9" * 10_000 + "}", '{"sort_order": 1e999999999}',
        '{"name": NaN}', '{"name": -Infinity}', "[" * 200_000, '{"name":' * 200_000, '"\\ud800"', '{"name": "\\udfff"}',
        "{\"\\ud800\": 1}", "", "null", "tru", "\0", "\N{ZERO WIDTH NO-BREAK SPACE}" * 2, '{"name": "\0"}', "{'a': 1}",
    ],
)  # fmt: skip
def test_strange_json_is_422_in_one_sentence(api, universe, body):
    path = "/api/universes/winter/assets"
    response = api.generic("POST", path, body.encode(), content_type="application/json")
    assert response.status_code == 422
    assert len(response.json()["detail"]) < 200 and "sys." not in response.json()["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "accept", ["application/json; x*=bogus''%41", "*/*; q=no", "a; b*0*=x", "\xff", ";;,,"]
)
def test_an_accept_that_nobody_can_read_gets_json(api, accept):
    response = api.get("/api/universes", headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


def test_a_body_that_is_too_large_is_413(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = api.post("/api/universes", {"name": "x" * 200})
    assert response.status_code == 413
    assert response.json()["detail"] == "The body is too large; send 5 MB at most."


def test_a_client_that_accepts_nothing_of_ours_gets_json(api):
    response = api.get("/api/universes", headers={"Accept": "image/png"})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


def test_nested_errors_become_sentences_under_their_top_field():
    assert flatten({"ids": {1: ["A valid UUID."]}, "a": [{"b": ["This field is required."]}]}) == {
        "ids": ["ids[1]: A valid UUID."],
        "a": ["a.b is required."],
    }
    assert flatten(["The body is odd."]) == {"body": ["The body is odd."]}
    assert flatten({"count": ["Ensure this value is less than or equal to 50."]}) == {
        "count": ["count must be less than or equal to 50."]
    }


def test_half_a_surrogate_pair_never_reaches_the_wire():
    assert clean({"\ud800": ["a\udfff", 1, None]}) == {"?": ["a?", 1, None]}
