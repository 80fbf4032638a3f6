"""Where results are fetched from: the address that was looked at, and none of a private network."""

import gzip
import socket
import ssl
import threading

import pytest

from generation import adapters, downloads, outputs
from jobs.handlers import Passing, Permanent

ADDRESS = "https://pbxt.replicate.delivery/a.png"


@pytest.fixture
def names(monkeypatch):
    """The name server: `names.append(address)` for each that any name stands for."""
    found = []

    def resolve(host, port, *args, **kwargs):
        if not found:
            raise socket.gaierror("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return found


def fetch(address=ADDRESS):
    with downloads.fetched(address, 1000):
        raise AssertionError("Nothing is there to be fetched.")


@pytest.mark.parametrize(
    "private",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "192.0.0.1", "198.18.0.1", "240.0.0.1", "224.0.0.1", "255.255.255.255", "::1", "fe80::1%eth0", "fec0::1",
        "fd00::1", "::", "ff02::1", "2001:db8::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:100.64.0.1",
        "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::",
    ],
)  # fmt: skip
def test_a_name_that_stands_for_a_private_address_is_not_asked(names, private):
    for others in ([], ["93.184.216.34"]):
        names[:] = [*others, private]
        with pytest.raises(Permanent, match="private network"):
            fetch()


HOSTILE = [
    "http://pbxt.replicate.delivery/a.png", "https://replicate.delivery.evil.example/a", "https://evilreplicate.delivery/a",
    "https://replicate.delivery@evil.example/a", "https://evil.example#.replicate.delivery", "https://evil.example?.replicate.delivery",
    "https://evil.example\\.replicate.delivery/", "https://127.0.0.1/a", "https://2130706433/a", "https://0x7f000001/a",
    "https://0177.0.0.1/a", "https://127.1/a", "https://[::1]/a", "https://[::ffff:127.0.0.1]/a", "https://localhost/a",
    "https://169.254.169.254/latest/meta-data", "https://metadata.google.internal/", "file:///etc/passwd",
    "ftp://pbxt.replicate.delivery/a", "gopher://127.0.0.1:6379/_FLUSHALL",
    "//pbxt.replicate.delivery/a", "https://", "https:///a", "https://[", "", "a", "https://pbxt.replicate.delivery.:443x/",
]  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE)
def test_what_is_not_at_replicate_is_not_even_looked_up(names, address):
    names.append("93.184.216.34")
    with pytest.raises(Permanent, match="none of Replicate's hosts"):
        fetch(address)


def test_a_name_that_is_not_found_may_be_so_later(names):
    with pytest.raises(Passing, match="could not be found"):
        fetch()


def test_the_connection_goes_to_the_address_that_was_looked_at_under_the_names_certificate(
    names, monkeypatch
):
    asked, named = [], []
    server = socket.create_server(("127.0.0.1", 0))

    def connect(address, *args, **kwargs):
        asked.append(address[0])
        made = socket.socket()
        made.connect(server.getsockname())
        return made

    def wrap(self, *args, server_hostname=None, **kwargs):
        named.append(server_hostname)
        raise ssl.SSLError("enough")

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap)
    names.append("93.184.216.34")
    with server, pytest.raises(Passing, match="broke off"):
        fetch()
    assert (asked, named) == (["93.184.216.34"], ["pbxt.replicate.delivery"])


def test_a_redirect_is_looked_at_too(provider):
    for target in ("http://169.254.169.254/latest", "https://example.org/a.png", "file:///etc/passwd"):
        provider.settings(
            request_faults=[{"match": "GET /delivery", "action": f"redirect:{target}", "times": 1}]
        )
        with pytest.raises(Permanent, match="none of Replicate's hosts"):
            fetch(f"{provider.url}/delivery/x/a.png")


def test_where_the_api_itself_is_may_be_a_private_address(provider):
    with pytest.raises(Permanent, match="no longer at Replicate"):
        fetch(f"{provider.url}/delivery/x/a.png")


# --- What lies at the address, or in it --------------------------------------------------------------------


@pytest.fixture
def delivered(settings):
    """A server at the API's address that answers one request with given bytes; returns the address of a result."""
    threads = []

    def serve(server, content):
        connection, _ = server.accept()
        server.close()
        with connection:
            connection.recv(65536)
            connection.sendall(content)

    def deliver(body, head=b"200 OK\r\n"):
        server = socket.create_server(("127.0.0.1", 0))
        settings.REPLICATE_BASE_URL = f"http://127.0.0.1:{server.getsockname()[1]}"
        answer = b"HTTP/1.1 %sConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)
        threads.append(threading.Thread(target=serve, args=(server, answer)))
        threads[-1].start()
        return f"{settings.REPLICATE_BASE_URL}/a.png"

    yield deliver
    for thread in threads:
        thread.join(5)


def read(address, most_bytes=1000):
    with downloads.fetched(address, most_bytes) as path:
        return path.read_bytes()


PACKED = b"200 OK\r\nContent-Encoding: gzip\r\n"


def test_what_says_that_it_is_packed_and_is_not_is_taken_as_it_comes(delivered):
    assert read(delivered(b"\x89PNG", PACKED)) == b"\x89PNG"


def test_what_is_packed_is_unpacked_up_to_the_size_that_it_may_have(delivered):
    assert read(delivered(gzip.compress(b"\x89PNG"), PACKED)) == b"\x89PNG"
    with pytest.raises(Permanent, match="larger than"):
        read(delivered(gzip.compress(b"0" * 10**7), PACKED), 10**6)
    with pytest.raises(Passing, match="broke off"):
        read(delivered(gzip.compress(b"\x89PNG")[:-4], PACKED))


@pytest.mark.parametrize(
    "address",
    ["/a\0.png", "/" + "x" * 70_000, "/\ud83d.png", ":99999/a.png", "/a\r\nHost: evil.example"],
    ids=["NUL", "too long", "half a character", "no port", "a line end"],
)
def test_an_address_that_makes_no_sense_is_spent(settings, address):
    settings.REPLICATE_BASE_URL = "http://127.0.0.1:9"
    with pytest.raises(Permanent) as caught:
        fetch(f"http://127.0.0.1:9{address}")
    assert caught.value.spent


@pytest.mark.parametrize(
    "location", [b"http://[::1", b"http://127.0.0.1:99999/x", b"\xff\xfe", b"", b"data:,x", b"//", b"?\0"]
)
def test_a_redirect_to_nonsense_has_a_sentence(delivered, location):
    with pytest.raises((Permanent, Passing)):
        fetch(delivered(b"", b"302 Found\r\nLocation: %s\r\n" % location))


@pytest.mark.parametrize(
    ("address", "content"),
    [
        ("data:image/png;base64,iVBORw==", b"\x89PNG"),
        ("data:image/png;base64,iVBORw", b"\x89PNG"),
        ("DATA:;charset=utf-8;BASE64,iVB%0AORw%3D%3D", b"\x89PNG"),
        ("data:application/octet-stream;base64,_-8=", b"\xff\xef"),
        ("data:,%89PNG", b"\x89PNG"),
    ],
)
def test_a_result_may_be_the_address_itself(address, content):
    assert read(address) == content


@pytest.mark.parametrize(
    "address", ["data:", "data:image/png;base64", "data:image/png;base64,", "data:;base64,A"]
)
def test_a_data_address_without_data_is_spent(address):
    with pytest.raises(Permanent) as caught:
        read(address)
    assert caught.value.spent


def test_a_data_address_is_bounded_like_a_download():
    with pytest.raises(Permanent, match="larger than"):
        read("data:;base64," + "A" * 2000)


MP3, PNG = "https://replicate.delivery/a/out.mp3", "https://replicate.delivery/a/out.png"


@pytest.mark.parametrize(
    ("setting", "output", "chosen"),
    [
        (adapters.MUSIC, MP3, MP3),
        (adapters.MUSIC, [MP3], MP3),
        (adapters.MUSIC, {"audio": MP3}, MP3),
        (adapters.MUSIC, {"spectrogram": PNG, "audio": MP3}, MP3),
        (adapters.MUSIC, {"result": {"files": [{"url": PNG}, {"url": MP3}]}}, MP3),
        (adapters.IMAGE, [{"url": PNG}], PNG),
        (adapters.IMAGE, {"image": "https://replicate.delivery/x", "log": "https://replicate.delivery/y"}, "https://replicate.delivery/x"),
        (adapters.IMAGE, {"seed": 7, "output": PNG}, PNG),
        (adapters.IMAGE, [None, PNG], PNG),
        (adapters.IMAGE, {"image": "data:image/png;base64,AA"}, "data:image/png;base64,AA"),
        (adapters.IMAGE, [[[[[[[[[[[[PNG]]]]]]]]]]]], None),
        (adapters.VIDEO, True, None),
        (adapters.VIDEO, {"video": 5}, None),
        (adapters.VIDEO, "a text", None),
        (adapters.VIDEO, None, None),
    ],
)  # fmt: skip
def test_the_address_is_found_wherever_it_lies(setting, output, chosen):
    assert outputs.address_of(output, setting) == chosen


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (["a", "b", 1], "ab1"),
        ("text\0 and \ud83d", "text and "),
        ({"text": "said"}, "said"),
        ([{"generated_text": "said"}], "said"),
        ({"concepts": [{"fr": "chat"}]}, '{"concepts": [{"fr": "chat"}]}'),
        ([{"fr": "chat"}], '[{"fr": "chat"}]'),
        (None, ""),
        (False, ""),
    ],
)
def test_what_a_language_model_says_is_found_wherever_it_lies(output, text):
    assert outputs.text_of(output) == text
