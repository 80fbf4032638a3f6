"""Fetching what a model made: streamed to a file, bounded, from Replicate's own hosts, without our token."""

import atexit
import gzip
import os
import re
import socket
import time
import zlib
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote_to_bytes, urljoin, urlsplit

import httpx
from django.conf import settings

from jobs.handlers import Passing, Permanent
from storage.messages import gettext
from storage.staging import staging

TIMEOUT = httpx.Timeout(60, connect=5)
# However steadily it comes: whoever fetches keeps others from being looked after.
LONGEST_SECONDS = 15 * 60
MOST_REDIRECTS = 3
PIECE = 2**20
# Files are deleted an hour after the prediction ended.
# https://replicate.com/docs/topics/predictions/data-retention
GONE = (403, 404, 410)
DELIVERY = re.compile(r"([a-z0-9-]+\.)*replicate\.delivery", re.ASCII)
# Where all that is in IPv6's Internet lies; what is beside it may be another's clothes, IPv4's or a private network's.
# https://www.iana.org/assignments/ipv6-address-space
GLOBAL_UNICAST = ip_network("2000::/3")


@contextmanager
def fetched(address: str, most_bytes: int) -> Iterator[Path]:
    """The path of a file with what lies at `address`, alone in a folder that goes when the block ends.

    Raises Permanent for an address that is not Replicate's, a file that is gone or larger than `most_bytes`,
    Passing for whatever may go better next time: a transfer that broke off, or took LONGEST_SECONDS.
    """
    with staging() as folder:
        path = folder / "output"
        try:
            if address[:5].lower() == "data:":
                _decode(address, path, most_bytes)
            else:
                _fetch(address, path, most_bytes)
        except (httpx.HTTPError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Passing(
                gettext("The download of the result broke off (%(kind)s).") % {"kind": type(error).__name__}
            ) from None
        except (httpx.InvalidURL, ValueError):
            # Of the address, or of one that it was redirected to.
            raise Permanent(
                gettext("The result's address makes no sense; generate it again."), spent=True
            ) from None
        if not path.stat().st_size:
            raise Permanent(gettext("The model made an empty file; generate it again."), spent=True)
        yield path


def _decode(address: str, path: Path, most_bytes: int) -> None:
    """Write what a data URI holds (RFC 2397) to `path`; ValueError for one that makes no sense."""
    head, comma, content = address.partition(",")
    if not comma:
        raise ValueError("A data URI without a comma holds nothing.")
    _check_size(len(content) * 3 // 4 - 2, most_bytes)
    bare = unquote_to_bytes(content)
    encoded = head.lower().rstrip().endswith(";base64")
    path.write_bytes(_from_base64(bare) if encoded else bare)


def _from_base64(content: bytes) -> bytes:
    """Some leave the padding out, or write it as for addresses."""
    return b64decode(content.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/")) + b"==")


def _fetch(address: str, path: Path, most_bytes: int) -> None:
    ends = time.monotonic() + LONGEST_SECONDS
    for _ in range(MOST_REDIRECTS + 1):
        with _client(os.getpid()).stream("GET", **_pinned(address)) as response:
            if not response.has_redirect_location:
                _save(response, path, most_bytes, ends)
                return
            address = urljoin(address, response.headers["location"])
    raise Permanent(gettext("The result's address leads in circles; generate it again."), spent=True)


@cache
def _client(process: int) -> httpx.Client:
    """One for each process, never made before a fork: loading the certificates takes longer than a download."""
    headers = {"Accept-Encoding": "identity"}
    client = httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False, headers=headers)
    atexit.register(client.close)
    return client


def check_host(address: str) -> None:
    """Raise Permanent unless the address is at replicate.delivery or where the API itself is."""
    target = _split(address)
    host = target.hostname or ""
    delivered = target.scheme == "https" and bool(DELIVERY.fullmatch(host))
    if not delivered and not _is_at_api(target):
        raise Permanent(
            gettext("The result lies at '%(host)s', which is none of Replicate's hosts.")
            % {"host": host[:100]},
            spent=True,
        )


def _is_at_api(target: SplitResult) -> bool:
    api = _split(settings.REPLICATE_BASE_URL)
    return (target.scheme, target.netloc) == (api.scheme, api.netloc)


def _pinned(address: str) -> dict[str, Any]:
    """httpx's arguments for an address that `check_host` lets pass.

    A name is resolved here and what it stands for is looked at; the connection goes to that very address, so that
    the name can't stand for another by then. The certificate is still the name's.
    """
    check_host(address)
    target = _split(address)
    if _is_at_api(target):
        return {"url": address}
    return {
        "url": httpx.URL(address).copy_with(host=_public_address(target.hostname or "")),
        "headers": {"Host": target.netloc.rpartition("@")[2]},
        "extensions": {"sni_hostname": target.hostname},
    }


def _public_address(host: str) -> str:
    """An address of the host; Permanent when any of them is this machine's or a private network's."""
    try:
        entries = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        raise Passing(
            gettext("The address of '%(host)s' could not be found.") % {"host": host[:100]}
        ) from None
    found = {str(entry[4][0]) for entry in entries}
    if not all(_is_public(ip_address(one.partition("%")[0])) for one in found):
        raise Permanent(
            gettext("'%(host)s' leads into a private network; the result is not fetched.")
            % {"host": host[:100]},
            spent=True,
        )
    # IPv4 first: whoever has no IPv6 may be told of it all the same.
    return min(found, key=lambda one: (":" in one, one))


def _is_public(found: IPv4Address | IPv6Address) -> bool:
    if isinstance(found, IPv4Address):
        return found.is_global and not found.is_multicast
    if found.ipv4_mapped:
        return _is_public(found.ipv4_mapped)
    # Both lead to an IPv4 address within them.
    tunnelled = found.sixtofour or found.teredo
    return found.is_global and found in GLOBAL_UNICAST and not tunnelled


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _save(response: httpx.Response, path: Path, most_bytes: int, ends: float) -> None:
    _check_status(response.status_code)
    size = 0
    with path.open("wb") as target:
        # As it comes: who waits for a chunk of some size notices a trickle too late.
        for chunk in response.iter_raw():
            if time.monotonic() > ends:
                raise Passing(
                    gettext("The result was not downloaded within %(seconds)s seconds.")
                    % {"seconds": LONGEST_SECONDS}
                )
            size += len(chunk)
            _check_size(size, most_bytes)
            target.write(chunk)
    if "gzip" in response.headers.get("content-encoding", "").lower():
        _unpack(path, most_bytes)


def _check_size(size: int, most_bytes: int) -> None:
    if size > most_bytes:
        raise Permanent(
            gettext("The result is larger than %(size)s MB.") % {"size": most_bytes // 2**20}, spent=True
        )


def _unpack(path: Path, most_bytes: int) -> None:
    """Unpack a file that is said to be packed, though none was asked for; one that is not stays as it is."""
    with path.open("rb") as came:
        if came.read(2) != b"\x1f\x8b":
            return
    packed = path.rename(path.with_name("packed"))
    with gzip.open(packed) as source, path.open("wb") as target:
        while piece := source.read(PIECE):
            target.write(piece)
            _check_size(target.tell(), most_bytes)
    packed.unlink()


def _check_status(status: int) -> None:
    if status in GONE:
        raise Permanent(
            gettext("The result is no longer at Replicate, which deletes it after an hour."), spent=True
        )
    if status != 200:
        raise Passing(
            gettext("The result could not be downloaded (HTTP status %(status)s).") % {"status": status}
        )
