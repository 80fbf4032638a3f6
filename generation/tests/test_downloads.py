"""Where results are fetched from: the address that was looked at, and none of a private network."""

import socket
import ssl

import pytest

from generation import downloads
from jobs.outcomes import Passing, Permanent

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
    "ftp://pbxt.replicate.delivery/a", "gopher://127.0.0.1:6379/_FLUSHALL", "data:image/png;base64,AAAA",
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
