"""What counts as a whole picture, clip or song."""

import base64
import io
import socket
import struct
import threading
from contextlib import suppress

import pytest
from PIL import Image

from generation import downloads, media
from jobs.outcomes import Passing, Permanent


@pytest.fixture
def file(tmp_path):
    """Writes bytes to a file: `file(b"…")`."""

    def write(content):
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return write


def picture(kind="PNG", mode="RGB", size=(40, 30)):
    target = io.BytesIO()
    Image.new(mode, size).save(target, kind)
    return target.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_usual_format_becomes_a_png(file, kind):
    path = file(picture(kind))
    media.to_png(path)
    with Image.open(path) as result:
        assert (result.format, result.size) == ("PNG", (40, 30))


def test_transparency_stays_in_a_png_and_is_white_in_a_jpeg(file):
    path = file(picture("WEBP", "RGBA"))
    media.to_png(path)
    with Image.open(path) as result:
        assert result.mode == "RGBA"
    with Image.open(io.BytesIO(media.jpeg(path, 20))) as small:
        assert (small.size, small.getpixel((0, 0))) == ((20, 15), (255, 255, 255))


@pytest.mark.parametrize("content", [b"<!DOCTYPE html><html></html>", b"nonsense", b"", picture()[:20]])
def test_what_is_no_picture_is_unfit(file, content):
    with pytest.raises((media.Unfit, media.Incomplete)):
        media.to_png(file(content))


def test_half_a_picture_is_incomplete(file):
    noise = io.BytesIO()
    Image.effect_noise((200, 200), 90).save(noise, "PNG")
    with pytest.raises(media.Incomplete):
        media.to_png(file(noise.getvalue()[:8000]))


def test_a_picture_that_would_fill_the_memory_is_unfit(file):
    with pytest.raises(media.Unfit, match="30 million"):
        media.to_png(file(picture("PNG", "1", (8000, 8000))))


def test_a_data_uri_stays_below_what_the_provider_takes(file):
    noise = io.BytesIO()
    Image.effect_noise((3000, 3000), 90).save(noise, "PNG")
    uri = media.data_uri(file(noise.getvalue()))
    assert uri.startswith("data:image/jpeg;base64,")
    assert len(uri) < 256_100
    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as sent:
        assert max(sent.size) == 832


def box(kind, content=b"", size=None):
    return struct.pack(">I4s", len(content) + 8 if size is None else size, kind) + content


FTYP, MOOV, MDAT = box(b"ftyp", b"isom"), box(b"moov", b"x" * 50), box(b"mdat", b"y" * 500)
LARGE = struct.pack(">I4sQ", 1, b"mdat", 16 + 300) + b"y" * 300


@pytest.mark.parametrize(
    "content",
    [
        FTYP + MOOV + MDAT,
        FTYP + box(b"free") + MDAT + MOOV,
        FTYP + MOOV + LARGE,
        FTYP + MOOV + box(b"mdat", b"y" * 9, 0),
    ],
    ids=["usual", "index last", "64-bit size", "to the end"],
)
def test_a_whole_clip_passes(file, content):
    media.check_mp4(file(content))


@pytest.mark.parametrize(
    "content",
    [
        (FTYP + MOOV + MDAT)[:-1],
        FTYP + MDAT,
        FTYP + MOOV,
        FTYP,
        FTYP + MOOV + MDAT + b"\0\0",
        FTYP + box(b"mdat", size=4),
    ],
)
def test_a_clip_that_breaks_off_is_incomplete(file, content):
    with pytest.raises(media.Incomplete):
        media.check_mp4(file(content))


@pytest.mark.parametrize("content", [b"<html></html>", b"GIF89a" + b"x" * 50, MOOV + MDAT, b""])
def test_what_is_no_clip_is_unfit(file, content):
    with pytest.raises((media.Unfit, media.Incomplete)):
        media.check_mp4(file(content))


# MPEG 1, layer III, 128 kbit/s, 44.1 kHz: 417 bytes a frame.
FRAME = b"\xff\xfb\x90\x00" + b"\0" * 413
ID3 = b"ID3\x04\0\0\0\0\x01\x00" + b"\0" * 128


@pytest.mark.parametrize("content", [FRAME * 10, ID3 + FRAME * 10], ids=["frames", "behind a tag"])
def test_a_song_passes(file, content):
    media.check_mp3(file(content))


def test_a_song_of_two_frames_is_incomplete(file):
    with pytest.raises(media.Incomplete):
        media.check_mp3(file(FRAME * 2))


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF" + b"x" * 9000, b"<html>" + b"x" * 9000, b"\xff\xfb\xf0\x00" * 2000, b"ID3", FRAME],
)
def test_what_is_no_song_is_unfit(file, content):
    with pytest.raises(media.Unfit):
        media.check_mp3(file(content))


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


def test_a_download_that_trickles_is_given_up_for_now(trickle, settings, tmp_path, monkeypatch):
    settings.STORAGE_PATH = tmp_path
    settings.REPLICATE_BASE_URL = trickle.removesuffix("/output.png")
    monkeypatch.setattr(downloads, "LONGEST_SECONDS", 0.3)
    slow = pytest.raises(Passing, match=r"not downloaded within 0\.3 seconds")
    with slow, downloads.fetched(trickle, 10**6):
        pass
