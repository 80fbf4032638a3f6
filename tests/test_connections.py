"""Requests that follow one another on a connection: to the web server, and to nginx and Caddy in front of it."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse

import pytest

from api.bodies import DRAIN_SECONDS
from tests import proxies
from tests.proxies import HOST, Site, running
from tests.stack import Stack

pytestmark = pytest.mark.slow

MB = 2**20
OPEN = {
    "DEBUG": "false",
    "HTTPS": "false",
    "TRUST_PROXY": "1",
    "ALLOWED_HOSTS": f"{HOST},127.0.0.1",
    "THROTTLE_WRITES": "0",
    "THROTTLE_PAID": "0",
}
BOUNDS = {"UPLOAD_MAX_MB": "2", "UPLOAD_CLIP_MAX_MB": "3", "IMPORT_MAX_MB": "4"}
JSON, SONG = {"Content-Type": "application/json"}, {"Content-Type": "audio/mpeg"}

# Requests that are refused before their body is read, and how.
REFUSED = [
    (404, "POST", "/api/universes/nowhere/assets", JSON),
    (404, "PUT", "/api/universes/nowhere/music/fr/", SONG),
    (404, "POST", "/nothing", JSON),
    (405, "PUT", "/api/universes", JSON),
    (415, "POST", "/api/universes", {"Content-Type": "text/plain"}),
    (415, "POST", "/api/universes/import?slug=x", {"Content-Type": "text/plain"}),
    (403, "POST", "/api/universes", {**JSON, "Origin": "https://evil.example"}),
    (403, "POST", "/admin/login/", {"Content-Type": "application/x-www-form-urlencoded"}),
    (503, "POST", "/api/generate/webhook", JSON),
    (422, "POST", "/api/universes", JSON),
]


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """The web server, whose API is open."""
    stack = Stack(tmp_path_factory.mktemp("web"), **OPEN, **BOUNDS)
    stack.start_web()
    stack.api.post("/api/universes", json={"name": "t", "slug": "t"}).raise_for_status()
    yield stack
    stack.stop()


@pytest.fixture(scope="module", params=[None, proxies.nginx, proxies.caddy], ids=["plain", "nginx", "caddy"])
def connect(request, web, tmp_path_factory):
    """Makes connections: plain ones to the web server, or those of a browser to what stands in front of it."""
    if not request.param:
        yield lambda: HTTPConnection("127.0.0.1", web.port, timeout=60)
        return
    site = Site(tmp_path_factory.mktemp("proxy"))
    with running(site, request.param(site, web.port)):
        yield lambda: Secure(site)


class Secure(HTTPConnection):
    """A connection to a site by HTTPS, under the name that it has."""

    def __init__(self, site):
        super().__init__("127.0.0.1", site.secure, timeout=60)
        self.trusted = site.trusted

    def connect(self):
        super().connect()
        self.sock = self.trusted.wrap_socket(self.sock, server_hostname=HOST)

    def putrequest(self, method, url, **rest):
        super().putrequest(method, url, skip_host=True)
        self.putheader("Host", HOST)


def say(connection, method, path, headers=(), body=None):
    """The response, read; a list of pieces goes out in chunks."""
    connection.request(method, path, body, dict(headers), encode_chunked=isinstance(body, list))
    response = connection.getresponse()
    response.read()
    return response


def kept(connection):
    """The same connection, which is not made anew in silence."""
    say(connection, "GET", "/health")
    connection.auto_open = 0
    return connection


@pytest.mark.parametrize("size", [1000, 100_000, MB])
def test_a_refusal_leaves_the_connection_to_the_next_request(connect, size):
    for in_chunks in (False, True):
        with closing(kept(connect())) as connection:
            for status, method, path, headers in REFUSED:
                body = [b"x" * 999] * (size // 999) if in_chunks else b"x" * size
                chunked = {"Transfer-Encoding": "chunked"} if in_chunks else {}
                answer = say(connection, method, path, {**headers, **chunked}, body)
                assert (answer.status, path) == (status, path)
                assert say(connection, "GET", "/health").status == 200, path


def test_nobody_elses_request_is_lost(connect):
    """A proxy sends on one connection what many browsers ask."""

    def refused(number):
        with closing(connect()) as connection:
            return say(connection, "PUT", "/api/universes/nowhere/music/fr", SONG, b"x" * MB).status

    def asked(number):
        with closing(connect()) as connection:
            return [say(connection, "POST", "/api/universes", JSON, b"{}").status for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        of_one, of_others = pool.map(refused, range(40)), pool.map(asked, range(40))
        assert set(of_one) == {404}
        assert {status for answers in of_others for status in answers} == {422}


def test_what_is_too_large_is_said_to_be(connect):
    too_large = (
        ("PUT", "/api/universes/t/music/fr", SONG, 2 * MB + MB // 2),
        ("POST", "/api/universes", JSON, 5 * MB + MB // 2),
        ("POST", "/api/universes/import", {"Content-Type": "application/zip"}, 4 * MB + MB // 2),
    )
    for method, path, headers, size in too_large:
        for more in ({}, {"Transfer-Encoding": "chunked"}):
            body = [b"x" * MB] * (size // MB) + [b"x" * (size % MB)] if more else b"x" * size
            with closing(connect()) as connection:
                assert (say(connection, method, path, headers | more, body).status, path) == (413, path)


def send_and_read(port, head, *pieces, pause=0):
    """The answer to these pieces as a client reads it: status, Connection, seconds until the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        began = time.monotonic()
        client.sendall(head.replace("\n", "\r\n").encode())
        for piece in pieces:
            client.sendall(piece)
        if pause:
            trickle(client, pause)
        answer = HTTPResponse(client)
        answer.begin()
        return answer.status, answer.headers["Connection"], time.monotonic() - began


def trickle(client, seconds):
    """Send a byte every second until something is answered."""
    client.settimeout(seconds)
    for _ in range(60):
        client.sendall(b"x")
        try:
            client.recv(1, socket.MSG_PEEK)
            break
        except TimeoutError:
            pass
    client.settimeout(60)


@pytest.mark.parametrize("framing", ["Content-Length: 1000\n\n", "Transfer-Encoding: chunked\n\n3e8\n"])
def test_who_is_slow_is_answered_and_the_connection_ends(web, framing):
    head = f"POST /api/nothing HTTP/1.1\nHost: 127.0.0.1\n{framing}"
    status, connection, seconds = send_and_read(web.port, head, pause=1)
    assert (status, connection) == (404, "close")
    assert DRAIN_SECONDS - 1 < seconds < DRAIN_SECONDS + 5


def test_what_is_more_than_its_kind_may_have_ends_the_connection(web):
    head = f"PUT /api/universes/t/music/fr HTTP/1.1\nHost: 127.0.0.1\nContent-Length: {9 * MB}\n\n"
    assert send_and_read(web.port, head, b"x" * 2 * MB)[:2] == (413, "close")


def test_who_asks_before_sending_a_body_gets_an_answer(web):
    head = "POST /api/universes HTTP/1.1\nHost: 127.0.0.1\nContent-Type: text/plain\nContent-Length: 5\n"
    with socket.create_connection(("127.0.0.1", web.port), timeout=60) as client:
        client.sendall(f"{head}Expect: 100-continue\n\n".replace("\n", "\r\n").encode())
        assert client.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hello")
        answer = HTTPResponse(client)
        answer.begin()
        assert (answer.status, answer.headers["Connection"]) == (415, "keep-alive")


@pytest.mark.parametrize(
    "sent",
    [
        "Content-Length: 100000\n\nhalf of it",
        "Transfer-Encoding: chunked\n\nfff\nhalf of it",
        "Transfer-Encoding: chunked\n\nno size\n",
        "Transfer-Encoding: chunked\n\n3\nabcdef\n0\n\n",
    ],
)
def test_who_hangs_up_halfway_leaves_nothing(web, sent):
    for kind, path in (("audio/mpeg", "music/fr"), ("image/png", "thumbnail")):
        head = f"PUT /api/universes/t/{path} HTTP/1.1\nHost: 127.0.0.1\nContent-Type: {kind}\n{sent}"
        with socket.create_connection(("127.0.0.1", web.port), timeout=60) as client:
            client.sendall(head.replace("\n", "\r\n").encode())
            client.shutdown(socket.SHUT_WR)
            answer = HTTPResponse(client)
            answer.begin()
            assert (answer.status, answer.headers["Connection"]) == (400, "close")
    left = [path for folder in ("staging", "buckets") for path in (web.folder / "var" / folder).rglob("*")]
    assert [path for path in left if path.is_file() or "staging" in path.parts] == []
