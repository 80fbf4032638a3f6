"""A file of the bucket over HTTP: its type, an ETag, Last-Modified, and Range for players that seek.

Range and its conditions follow RFC 9110, sections 13 and 14 (https://www.rfc-editor.org/rfc/rfc9110).
"""

import re
import time
import weakref
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import cache, partial
from threading import BoundedSemaphore
from typing import BinaryIO, NamedTuple, cast
from urllib.parse import quote

from django.conf import settings
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag

from . import archive
from .bucket import bucket
from .names import UnsafeName, media_type, safe_key
from .protocol import FileStat

BLOCK = 64 * 1024
# Where nginx has the bucket's folder, as an `internal` location with `alias`.
SENDFILE_PREFIX = "/sent-by-nginx"
A_YEAR = 365 * 24 * 3600

# --- Senders ---------------------------------------------------------------------------------------------------
# A thread of the web server sends one file at a time, as slowly as its reader takes it; some threads must be left for
# everything else. With SENDFILE or BUCKET_PUBLIC_URL another server sends the media.

# While files are sent quickly, one more waits for a slot; else it would have to wait for a slow reader.
LIVELY_SECONDS, PATIENCE_SECONDS = 1, 0.4
RETRY_SECONDS = 5
BUSY = "Too many files are being sent; try again in a few seconds."


class SendSlots:
    """A number of files that may be sent at once."""

    def __init__(self, number: int) -> None:
        self._free = BoundedSemaphore(number)
        self._moved = 0.0

    def take(self) -> bool:
        """Whether a slot is free now, or in a moment."""
        lively = time.monotonic() - self._moved < LIVELY_SECONDS
        if got := self._free.acquire(timeout=PATIENCE_SECONDS if lively else 0):
            self._moved = time.monotonic()
        return got

    def release(self) -> None:
        self._moved = time.monotonic()
        self._free.release()


@cache
def send_slots() -> SendSlots:
    """The slots of this process: half of its threads."""
    return SendSlots(max(1, settings.WEB_THREADS // 2))


class SentFile(FileResponse):
    """A file that holds a slot from `begin` until it is closed or garbage-collected."""

    def begin(self) -> HttpResponseBase:
        """Itself; a 503 with Retry-After where no slot is free."""
        if not send_slots().take():
            self.close()
            headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
            return JsonResponse({"detail": BUSY}, status=503, headers=headers)
        self._ended = weakref.finalize(self, send_slots().release)
        self._ended.atexit = False
        return self

    def close(self) -> None:
        super().close()
        if hasattr(self, "_ended"):
            self._ended()


# --- Answers ---------------------------------------------------------------------------------------------------


class Slice:
    """A file object that ends `length` bytes after its present position."""

    def __init__(self, source: BinaryIO, length: int) -> None:
        self.source, self.left = source, length

    def read(self, size: int | None = -1) -> bytes:
        wanted = self.left if size is None or size < 0 else min(size, self.left)
        data = self.source.read(wanted)
        self.left -= len(data)
        return data

    def fileno(self) -> int:
        """For a server that copies by the kernel, which stops at Content-Length."""
        return self.source.fileno()

    def close(self) -> None:
        self.source.close()


class Opened(NamedTuple):
    """A file to serve. `signed_url`: makes the URL at which another server has it, None where none has it."""

    source: BinaryIO
    stat: FileStat
    content_type: str
    etag: str
    caching: str
    signed_url: Callable[[], str | None]


def serve(request: HttpRequest, folder: str, name: str) -> HttpResponseBase | None:
    """The response for GET or HEAD of a file: 200, 206, 302, 304, 412, 416 or 503; None when there is no such file."""
    try:
        source, stat = bucket().opened(safe_key(folder, name))
    except (FileNotFoundError, UnsafeName):
        return None
    if settings.SENDFILE:
        source.close()
        return _handed_over(folder, name)
    # Browsers must always ask again: a picture that is replaced keeps its name.
    tag = quote_etag(stat.etag) if hasattr(stat, "etag") else f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    kind = media_type(name)
    url = partial(bucket().signed_url, safe_key(folder, name), kind, "private, no-cache")
    return _answer(request, Opened(source, stat, kind, tag, "no-cache", url))


def serve_archived(request: HttpRequest, sha256: str, name: str) -> HttpResponseBase | None:
    """The same for an archived file that was called `name`; at a URL with its hash, it never changes."""
    try:
        source, stat = archive.opened(sha256)
    except (FileNotFoundError, UnsafeName):
        return None
    kind, caching = media_type(name), f"private, max-age={A_YEAR}, immutable"
    url = partial(archive.signed_url, sha256, kind, caching)
    return _answer(request, Opened(source, stat, kind, f'"{sha256}"', caching, url))


def _handed_over(folder: str, name: str) -> HttpResponse:
    """For the server in front, which sends the file itself, with ETag, Range and conditions of its own."""
    if settings.SENDFILE == "nginx":
        header, where = "X-Accel-Redirect", f"{SENDFILE_PREFIX}/{safe_key(folder, name)}"
    else:
        # Decoded like a URL: https://redmine.lighttpd.net/projects/lighttpd/wiki/X-LIGHTTPD-send-file
        with bucket().fetched(safe_key(folder, name)) as path:
            header, where = "X-Sendfile", quote(str(path))
    response = HttpResponse(
        content_type=media_type(name), headers={header: where, "Cache-Control": "no-cache"}
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _answer(request: HttpRequest, file: Opened) -> HttpResponseBase:
    response = _with_headers(_respond(request, file), file)
    # Django takes streaming responses, too; its stubs do not say so.
    final: HttpResponseBase = cast(
        HttpResponseBase,
        get_conditional_response(request, file.etag, int(file.stat.st_mtime), cast(HttpResponse, response)),
    )
    if final is not response:
        file.source.close()
    if final.status_code == 412:
        return _refusal(412, "The file has changed meanwhile; ask for it anew.", {"ETag": file.etag})
    # A signature is for one method alone.
    if not isinstance(final, SentFile) or request.method != "GET":
        return final
    if url := file.signed_url():
        file.source.close()
        # That server knows Range and conditions; the redirect must not be cached.
        return HttpResponseRedirect(url, headers={"Cache-Control": "private, no-store"})
    return final.begin()


def _with_headers(response: HttpResponseBase, file: Opened) -> HttpResponseBase:
    for header, value in {
        "ETag": file.etag,
        "Last-Modified": http_date(file.stat.st_mtime),
        "Accept-Ranges": "bytes",
        "Cache-Control": file.caching,
        "X-Content-Type-Options": "nosniff",
    }.items():
        response[header] = value
    return response


def _respond(request: HttpRequest, file: Opened) -> HttpResponseBase:
    size, wanted = file.stat.st_size, _wanted_range(request, file)
    if wanted is None:
        return _sent(file.source, size, file.content_type)
    first, last = wanted
    if first > last or first >= size:
        file.source.close()
        sentence = f"The range lies beyond the end; the file has {size} bytes."
        return _refusal(416, sentence, {"Content-Range": f"bytes */{size}"})
    file.source.seek(first)
    response = _sent(Slice(file.source, last - first + 1), last - first + 1, file.content_type)
    response.status_code = 206
    response["Content-Range"] = f"bytes {first}-{last}/{size}"
    return response


def _refusal(status: int, sentence: str, headers: Mapping[str, str]) -> JsonResponse:
    return JsonResponse({"detail": sentence}, status=status, headers=headers)


def _sent(source: BinaryIO | Slice, length: int, content_type: str) -> SentFile:
    response = SentFile(source, content_type=content_type)
    response.block_size = BLOCK
    response["Content-Length"] = str(length)
    return response


def _wanted_range(request: HttpRequest, file: Opened) -> tuple[int, int] | None:
    """(first, last) of a satisfiable or empty range; None to send the whole file."""
    if request.method != "GET":
        return None
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", request.headers.get("Range", "").strip(), re.ASCII)
    if not match or match.groups() == ("", "") or not _is_unchanged(request, file):
        return None
    (first, last), size = match.groups(), file.stat.st_size
    if not first:
        length = min(int(last), size)
        return (size - length, size - 1) if length else (0, -1)
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last), size - 1) if last else size - 1


def _is_unchanged(request: HttpRequest, file: Opened) -> bool:
    """Whether If-Range, when given, names the file as it is now."""
    condition = request.headers.get("If-Range")
    if not condition:
        return True
    if condition.startswith(('"', "W/")):
        return condition == file.etag
    try:
        return int(parsedate_to_datetime(condition).timestamp()) == int(file.stat.st_mtime)
    except (TypeError, ValueError):
        return False
