"""Bodies at the WSGI boundary: as the server gives them, and what is left of them when the answer is there."""

import io
import json
import wave

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from gunicorn.http.errors import ChunkMissingTerminator

from api import bodies
from api.bodies import limit, readable
from magikswipe.wsgi import application
from storage import bucket

MB = 2**20
JSON = 5 * MB


def request(path="/api/universes", method="POST", content=b"", source=None, **environ):
    """An environ as gunicorn makes it; without a CONTENT_LENGTH the body comes in chunks."""
    chunked = {} if "CONTENT_LENGTH" in environ else {"HTTP_TRANSFER_ENCODING": "chunked"}
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "application/json",
        "wsgi.input": source or io.BytesIO(content),
        "wsgi.input_terminated": True,
        "wsgi.url_scheme": "http",
        **chunked,
        **environ,
    }


def ask(environ, app=application):
    """The status and the body of the answer."""
    said = []
    answer = app(environ, lambda status, headers, exc_info=None: said.append(status))
    content = b"".join(answer)
    answer.close()
    return int(said[0].split()[0]), content


@pytest.fixture(autouse=True)
def one_connection():
    """A test's transaction lives on one connection to the database, which each request would close."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def ended(monkeypatch):
    """How often a connection was told to end, as gunicorn's hook lets it be told."""
    calls = []
    monkeypatch.setattr(bodies.connection, "end", lambda: calls.append(1), raising=False)
    return calls


class Breaking(io.BytesIO):
    """A body whose chunks make no sense."""

    def read(self, size=-1):
        raise ChunkMissingTerminator(b"xx")


@pytest.mark.django_db
def test_json_in_chunks_is_read_to_its_end(settings):
    body = json.dumps({"name": "Winter", "default_image_prompt": "x" * 4000}).encode()
    status, said = ask(request(content=body))
    assert (status, json.loads(said)["name"]) == (201, "Winter")
    status, said = ask(request(content=b" " * (JSON + 1)))
    assert (status, json.loads(said)) == (413, {"detail": "The body is too large; send 5 MB at most."})


@pytest.mark.django_db
def test_a_song_in_chunks_is_stored_whole(universe):
    """A limit that cut it at 5 MB was taken for its end."""
    silence = io.BytesIO()
    with wave.open(silence, "wb") as target:
        target.setnchannels(2), target.setsampwidth(2), target.setframerate(48_000)
        target.writeframes(bytes(JSON + MB))
    for language, length in (("fr", {"CONTENT_LENGTH": str(silence.tell())}), ("en", {})):
        sent = request(f"/api/universes/winter/music/{language}", "PUT", silence.getvalue(), **length)
        assert ask({**sent, "CONTENT_TYPE": "audio/wav"})[0] == 200
    french, english = (bucket.info("winter", f"{language}.mp3") for language in ("fr", "en"))
    assert french.sha256 == english.sha256 and french.size > 100_000


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/sync/init", "/api/generate/winter/images"])
def test_no_body_in_chunks_is_no_body(universe, path):
    assert ask(request(path)) == ask(request(path, CONTENT_LENGTH="0"))


def test_a_form_in_chunks_is_read(db):
    token, cookie = "a" * 32, {"HTTP_COOKIE": f"csrftoken={'a' * 32}"}
    fields = {"csrfmiddlewaretoken": token, "language": "fr"}
    parts = [
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields.items()
    ]
    body = "".join([*parts, "--B--\r\n"]).encode()
    sent = request("/i18n/setlang/", content=body, CONTENT_TYPE="multipart/form-data; boundary=B", **cookie)
    assert ask(sent)[0] == 302


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("length", "source"),
    [
        ({"CONTENT_LENGTH": "100"}, io.BytesIO),
        ({}, Breaking),
    ],
    ids=["a client that hung up", "chunks that make no sense"],
)
@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/api/universes", "application/json"),
        ("POST", "/api/universes/import", "application/zip"),
        ("PUT", "/api/universes/winter/music/fr", "audio/mpeg"),
    ],
)
def test_half_a_body_is_no_body(universe, ended, length, source, method, path, kind):
    body = source(b'{"name": "Autumn"}')
    status, said = ask(request(path, method, source=body, CONTENT_TYPE=kind, **length))
    assert (status, json.loads(said)) == (400, {"detail": "The body broke off on its way; send it again."})
    assert ended


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "environ"),
    [
        (404, {"path": "/api/nothing"}),
        (405, {"path": "/api/universes", "method": "PUT"}),
        (415, {"CONTENT_TYPE": "text/plain"}),
        (403, {"HTTP_ORIGIN": "https://evil.example"}),
        (400, {"HTTP_HOST": "evil.example"}),
        (404, {"path": "/storage/buckets/univers/a/b/", "method": "GET"}),
        (404, {"path": "/nothing"}),
    ],
)
def test_a_refusal_reads_the_rest_of_the_body(ended, status, environ):
    for length in ({}, {"CONTENT_LENGTH": str(JSON)}):
        asked = request(content=b"x" * JSON, **length, **environ)
        source = asked["wsgi.input"]
        assert ask(asked)[0] == status
        assert (source.tell(), ended) == (JSON, [])


@pytest.mark.django_db
def test_so_does_one_of_who_may_not_and_of_who_asks_too_often(settings, ended):
    settings.THROTTLE_WRITES = 1
    for status, is_open in ((422, True), (429, True), (401, False)):
        settings.API_OPEN = is_open
        asked = request(content=b"x" * JSON)
        source = asked["wsgi.input"]
        assert ask(asked)[0] == status
        assert (source.tell(), ended) == (JSON, [])


@pytest.mark.django_db
def test_no_more_of_it_than_its_kind_may_have(ended):
    source = io.BytesIO(b"x" * (3 * JSON))
    length = {"CONTENT_LENGTH": str(3 * JSON)}
    assert ask(request("/api/nothing", source=source, **length))[0] == 404
    # As much before the answer, as much behind it, and there it ends.
    assert 2 * JSON <= source.tell() <= 2 * JSON + 2 and ended


def test_every_operation_that_takes_a_file_has_a_limit_of_its_own(api, settings):
    settings.UPLOAD_MAX_MB, settings.UPLOAD_CLIP_MAX_MB, settings.IMPORT_MAX_MB = 1, 2, 3
    found = {}
    for path, operations in api.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            kinds = set(operation.get("requestBody", {}).get("content", {}))
            if kinds - {"application/json"}:
                found[path] = limit(request(path.replace("{", "").replace("}", ""), method.upper()))
    assert found == {
        "/api/universes/import": 3 * MB,
        "/api/universes/{slug}/assets/{asset_id}/image": MB,
        "/api/universes/{slug}/assets/{asset_id}/video": 2 * MB,
        "/api/universes/{slug}/music/{language}": MB,
        "/api/universes/{slug}/thumbnail": MB,
    }
    assert limit(request("/api/universes/import", "PATCH")) == JSON
    form = {"CONTENT_TYPE": "multipart/form-data; boundary=x"}
    assert limit(request("/admin/universes/universe/import/", **form)) == 3 * MB
    assert limit(request("/api/universes", **form)) == JSON


@pytest.mark.parametrize("charset", ["utf-8", '"UTF-8"', "latin-1", "shift_jis"])
def test_a_charset_of_text_stays(charset):
    assert readable(f"text/plain; charset={charset}") == f"text/plain; charset={charset}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "parameter",
    [
        "charset=hex", "charset=base64", "charset=zlib_codec", "charset=rot13", "charset=idna", "charset=punycode",
        "charset=undefined", "charset=utf-16", "charset=utf-7", "charset=unicode_escape", "charset=bogus", "charset=",
        'charset="he\\x"', "charset*=bogus'en'x", "x*=bogus''%41", "charset*=hex''hex", "charset*0*=utf-8''hex",
    ],
)  # fmt: skip
def test_a_charset_that_is_none_counts_for_nothing(parameter):
    for path in ("/api/universes?search=%C3%A9%FF", "/health?x=%FF", "/docs?x=%FF"):
        path, _, query = path.partition("?")
        environ = request(path, "GET", QUERY_STRING=query, CONTENT_TYPE=f"text/plain; {parameter}")
        assert ask(environ)[0] == 200, path
    body = json.dumps({"name": "Été"}).encode()
    status, said = ask(request(content=body, CONTENT_TYPE=f"application/json; {parameter}"))
    assert (status, json.loads(said)["name"]) == (201, "Été")


@pytest.mark.django_db
def test_a_form_is_utf_8_whatever_it_says(client):
    cookie = {"HTTP_COOKIE": f"csrftoken={'a' * 32}"}
    for charset in ("latin-1", "hex", "utf-16", "utf-8"):
        sent = f"csrfmiddlewaretoken={'a' * 32}&language=fr".encode()
        kind = f"application/x-www-form-urlencoded; charset={charset}"
        assert ask(request("/i18n/setlang/", content=sent, CONTENT_TYPE=kind, **cookie))[0] == 302, charset


def test_a_forms_boundary_stays():
    assert readable("multipart/form-data; charset=hex; boundary=abc") == 'multipart/form-data; boundary="abc"'
