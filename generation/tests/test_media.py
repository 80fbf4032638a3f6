"""Fetching results, and pictures on their way to a model."""

import base64
import io
import socket
import threading
from contextlib import suppress

import pytest
from PIL import Image

from generation import downloads
from generation.kinds import clips
from jobs.handlers import Passing, Permanent


def test_a_data_uri_stays_below_what_the_provider_takes(tmp_path):
    noise = io.BytesIO()
    Image.effect_noise((3000, 3000), 90).save(noise, "PNG")
    (tmp_path / "noise").write_bytes(noise.getvalue())
    uri = clips.data_uri(tmp_path / "noise")
    assert uri.startswith("data:image/jpeg;base64,")
    assert len(uri) < 256_100
    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as sent:
        assert max(sent.size) == 832


@pytest.mark.parametrize(
    "address",
    [
        "https://replicate.delivery/a.png",
        "https://pbxt.replicate.delivery/a.png",
        "http://127.0.0.1:4711/delivery/a.png",
    ],
)
def test_the_providers_hosts_may_be_fetched_from(settings, address):
    settings.REPLICATE_BASE_URL = "http://127.0.0.1:4711"
    downloads.check_host(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/a.png",
        "https://replicate.delivery.example.org/a.png",
        "https://evilreplicate.delivery/a.png",
        "http://replicate.delivery/a.png",
        "https://replicate.delivery@example.org/a.png",
        "http://127.0.0.1:4712/a.png",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://[",
        "",
    ],
)
def test_no_other_host_may(settings, address):
    settings.REPLICATE_BASE_URL = "http://127.0.0.1:4711"
    with pytest.raises(Permanent, match="none of Replicate's hosts"):
        downloads.check_host(address)


def test_a_download_is_bounded(provider):
    address = f"{provider.url}/_sandbox/settings"
    with pytest.raises(Permanent, match="larger than"), downloads.fetched(address, 10):
        pass


@pytest.fixture
def trickle():
    """The address of a file that comes byte by byte, without end."""
    server, stop = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve():
        connection, _ = server.accept()
        with connection, suppress(ConnectionError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not stop.wait(0.02):
                connection.sendall(b"x")

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/output.png"
    stop.set()
    thread.join(5)
    server.close()


def test_a_download_that_trickles_is_given_up_for_now(trickle, settings, monkeypatch):
    settings.REPLICATE_BASE_URL = trickle.removesuffix("/output.png")
    monkeypatch.setattr(downloads, "LONGEST_SECONDS", 0.3)
    slow = pytest.raises(Passing, match=r"not downloaded within 0\.3 seconds")
    with slow, downloads.fetched(trickle, 10**6):
        pass
