"""Many who read media slowly: the web server answers everybody else at once, as it starts by itself."""

import socket
import time
from contextlib import ExitStack

import pytest

from tests.stack import Stack

pytestmark = pytest.mark.slow

READERS, AT_MOST_SECONDS = 32, 1.0
ADDRESS = "/storage/buckets/univers/winter/00_snow.mp4"


@pytest.fixture
def stack(tmp_path):
    """With the number of processes and threads that a start has by default."""
    stack = Stack(tmp_path)
    for name in ("WEB_CONCURRENCY", "WEB_THREADS"):
        stack.env.pop(name, None)
    folder = tmp_path / "var" / "buckets" / "univers" / "winter"
    folder.mkdir(parents=True)
    with (folder / "00_snow.mp4").open("wb") as clip:
        clip.truncate(50_000_000)
    stack.start_web()
    yield stack
    stack.stop()


def slow_reader(stack, held):
    """A connection on which a clip was asked for, and of which next to nothing is read; its answer's status."""
    connection = held.enter_context(socket.socket())
    # As much as a slow network lets a server have on its way.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", stack.port))
    connection.sendall(f"GET {ADDRESS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


def status(connection):
    return int(connection.recv(1000).split()[1])


def seconds(stack, path):
    began = time.monotonic()
    assert stack.api.get(path).status_code == 200
    return time.monotonic() - began


def test_who_reads_slowly_keeps_nobody_else_waiting(stack):
    seconds(stack, "/api/universes")
    with ExitStack() as held:
        readers = [slow_reader(stack, held) for _ in range(READERS)]
        found = [status(reader) for reader in readers]
        assert set(found) == {200, 503} and 2 <= found.count(200) <= 8
        for path in ["/health", "/api/universes", "/api/jobs"] * 5:
            assert seconds(stack, path) < AT_MOST_SECONDS
        refused = stack.api.get(ADDRESS)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert "Too many files are being sent" in refused.json()["detail"]
    # Once they are gone there is room for the next.
    stack.until(lambda: stack.api.head(ADDRESS).is_success and stack.api.get(ADDRESS).is_success)


def test_many_who_read_as_fast_as_they_can_all_get_their_file(stack):
    small = stack.folder / "var" / "buckets" / "univers" / "winter" / "00_snow.png"
    small.write_bytes(bytes(300_000))
    with ExitStack() as held:
        connections = [
            held.enter_context(socket.create_connection(("127.0.0.1", stack.port))) for _ in range(40)
        ]
        for connection in connections:
            asked = ADDRESS.replace(".mp4", ".png")
            connection.sendall(
                f"GET {asked} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            )
        found = [b"".join(iter(lambda c=connection: c.recv(65536), b"")) for connection in connections]
    assert [int(answer.split()[1]) for answer in found] == [200] * 40
    assert {len(answer.partition(b"\r\n\r\n")[2]) for answer in found} == {300_000}
