"""To strangers a private universe is as one that does not exist, whatever they ask, and however."""

import re

import pytest
from django.test import Client

from storage import signed_urls
from universes.services import music

pytestmark = pytest.mark.django_db
U, BUCKET = "/api/universes", "/storage/buckets/univers"
READING, CHANGING = ("GET", "HEAD", "OPTIONS"), ("POST", "PUT", "PATCH", "DELETE", "TRACE")
EVER = "Thu, 01 Jan 1970 00:00:00 GMT"
HEADERS = [
    {},
    {"Range": "bytes=0-0"},
    {"Range": "bytes=999999-"},
    {"If-None-Match": "*"},
    {"If-Match": "*"},
    {"If-Match": '"x"'},
    {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
    {"If-Unmodified-Since": EVER},
    {"Range": "bytes=0-0", "If-Range": EVER},
    {"Accept": "text/html"},
    {"Accept": "image/png"},
    {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"},
    {"Authorization": "Basic bGVhOndvcmRz"},
]
QUERIES = ["?t=", "?t=x", "?t=1:x:y", "?t=%00", "?lang=fr", "?format=json"]
FILES = ("00_snowflake.png", "thumbnail.jpg", "fr.mp3", "nothing.png")


@pytest.fixture(autouse=True)
def hidden(settings, make_universe, make_asset, put_file):
    settings.API_OPEN = False
    universe = make_universe(slug="hidden", is_public=False)
    card = make_asset(of=universe)
    music.create(universe, language="fr", prompt="Harp", lyrics="La la")
    for name in FILES[:3]:
        put_file("hidden", name)
    return card


def paths(card):
    below = (
        "",
        "/assets",
        f"/assets/{card.pk}",
        "/music-prompts",
        "/music-prompts/fr",
        "/export",
        "/thumbnail",
    )
    return [
        *(f"{U}/hidden{path}" for path in below),
        *(f"{BUCKET}/hidden/{name}" for name in FILES),
        "/preview/hidden",
        f"{U}?search=hidden",
        "/api/jobs?univers_slug=hidden",
    ]


def many(cases):
    """The first one always, the others in the long run."""
    return [cases[0], *(pytest.param(case, marks=pytest.mark.slow) for case in cases[1:])]


def told(method, path, headers):
    """All that an answer tells: status, headers and body, but for what is of the request or of chance."""
    response = Client(raise_request_exception=False).generic(method, path, headers=headers)
    body = b"".join(response) if response.streaming else response.content
    # CSRF tokens differ from page to page.
    text = re.sub(r"\b[A-Za-z0-9]{64}\b", "", body.decode()).replace("missing", "hidden")
    kept = {name: value for name, value in response.items() if name not in ("X-Request-ID", "Content-Length")}
    return response.status_code, kept, text, response.cookies.keys()


@pytest.mark.slow
@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: " ".join(map(": ".join, headers.items())))
def test_no_method_and_no_header_tells_it_from_none(hidden, headers):
    for path in paths(hidden):
        for method in READING if headers else READING + CHANGING:
            found = told(method, path, headers)
            assert found == told(method, path.replace("hidden", "missing"), headers), (method, path)
            assert found[0] != 500 and "fr.mp3" not in found[2]


@pytest.mark.parametrize("query", many(QUERIES))
def test_no_query_tells_it_from_none(hidden, query):
    for path in paths(hidden):
        if "?" not in path:
            path += query
            assert told("GET", path, {}) == told("GET", path.replace("hidden", "missing"), {}), path


def test_the_signature_of_another_universe_opens_nothing(hidden, make_universe):
    make_universe(slug="shown")
    signature = signed_urls.sign(f"{BUCKET}/shown/fr.mp3").partition("?")[2]
    for slug in ("hidden", "missing"):
        assert told("GET", f"{BUCKET}/{slug}/fr.mp3?{signature}", {})[0] == 404
    assert told("GET", signed_urls.sign(f"{BUCKET}/hidden/fr.mp3"), {})[0] == 200
