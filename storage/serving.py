"""A file of the bucket over HTTP: its type, an ETag, Last-Modified, and Range for players that seek.

Range and its conditions follow RFC 9110, sections 13 and 14 (https://www.rfc-editor.org/rfc/rfc9110).
"""

import re
from email.utils import parsedate_to_datetime
from functools import partial
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag

from . import archive
from .bucket import bucket
from .names import UnsafeName, media_type, safe_key
from .sending import SentFile

BLOCK = 64 * 1024
# Where nginx has the bucket's folder, as an `internal` location with `alias`.
SENDFILE_PREFIX = "/sent-by-nginx"
A_YEAR = 365 * 24 * 3600


class Slice:
    """A file object that ends `length` bytes after where it stands."""

    def __init__(self, source, length):
        self.source, self.left = source, length

    def read(self, size=-1):
        wanted = self.left if size is None or size < 0 else min(size, self.left)
        data = self.source.read(wanted)
        self.left -= len(data)
        return data

    def fileno(self):
        """For a server that copies by the kernel: it begins where the source stands, and ends at Content-Length."""
        return self.source.fileno()

    def close(self):
        self.source.close()


def serve(request, folder, name):
    """The response for GET or HEAD of a file: 200, 206, 302, 304, 412, 416 or 503; None when there is no such file."""
    try:
        source, stat = bucket().opened(safe_key(folder, name))
    except (FileNotFoundError, UnsafeName):
        return None
    if settings.SENDFILE:
        source.close()
        return _handed_over(folder, name)
    # Always asked again: a picture that was drawn anew keeps its name.
    tag = quote_etag(stat.etag) if hasattr(stat, "etag") else f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    address = partial(bucket().address, safe_key(folder, name), media_type(name), "private, no-cache")
    return _serve(request, source, stat, name, tag, "no-cache", address)


def serve_archived(request, sha256, name):
    """The same for an archived file that was called `name`; under an address with the hash, it never changes."""
    try:
        source, stat = archive.opened(sha256)
    except (FileNotFoundError, UnsafeName):
        return None
    caching = f"private, max-age={A_YEAR}, immutable"
    address = partial(archive.address, sha256, media_type(name), caching)
    return _serve(request, source, stat, name, f'"{sha256}"', caching, address)


def _handed_over(folder, name):
    """For the server in front, which sends the file itself, with ETag, Range and conditions of its own."""
    if settings.SENDFILE == "nginx":
        header, where = "X-Accel-Redirect", f"{SENDFILE_PREFIX}/{safe_key(folder, name)}"
    else:
        # Read as part of an address: https://redmine.lighttpd.net/projects/lighttpd/wiki/X-LIGHTTPD-send-file
        header, where = "X-Sendfile", quote(bucket().path(safe_key(folder, name)))
    response = HttpResponse(
        content_type=media_type(name), headers={header: where, "Cache-Control": "no-cache"}
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _serve(request, source, stat, name, etag, caching, address):
    """`address`: a function that gives the address at which another server has the file, None where none has."""
    response = _respond(request, source, stat, etag, media_type(name))
    for header, value in {
        "ETag": etag,
        "Last-Modified": http_date(stat.st_mtime),
        "Accept-Ranges": "bytes",
        "Cache-Control": caching,
        "X-Content-Type-Options": "nosniff",
    }.items():
        response[header] = value
    final = get_conditional_response(request, etag, int(stat.st_mtime), response)
    if final is not response:
        source.close()
    if final.status_code == 412:
        return _refusal(412, "The file has changed meanwhile; ask for it anew.", {"ETag": etag})
    # A signature is for one method alone.
    if not final.streaming or request.method != "GET":
        return final
    if url := address():
        source.close()
        return _sent_on(url)
    return final.begin()


def _sent_on(url):
    """To the server that has the file, which knows Range and conditions itself; nobody may keep where it led."""
    return HttpResponseRedirect(url, headers={"Cache-Control": "private, no-store"})


def _respond(request, source, stat, etag, content_type):
    wanted = _wanted_range(request, stat, etag)
    if wanted is None:
        return _file(source, stat.st_size, content_type)
    first, last = wanted
    if first > last or first >= stat.st_size:
        source.close()
        return _refusal(
            416,
            f"The range lies beyond the end; the file has {stat.st_size} bytes.",
            {"Content-Range": f"bytes */{stat.st_size}"},
        )
    source.seek(first)
    response = _file(Slice(source, last - first + 1), last - first + 1, content_type)
    response.status_code = 206
    response["Content-Range"] = f"bytes {first}-{last}/{stat.st_size}"
    return response


def _refusal(status, sentence, headers):
    return JsonResponse({"detail": sentence}, status=status, headers=headers)


def _file(source, length, content_type):
    response = SentFile(source, content_type=content_type)
    response.block_size = BLOCK
    response["Content-Length"] = str(length)
    return response


def _wanted_range(request, stat, etag):
    """(first, last) of a satisfiable or empty range; None to send the whole file."""
    if request.method != "GET":
        return None
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", request.headers.get("Range", "").strip(), re.ASCII)
    if not match or match.groups() == ("", "") or not _still_the_same(request, stat, etag):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), stat.st_size)
        return (stat.st_size - length, stat.st_size - 1) if length else (0, -1)
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last), stat.st_size - 1) if last else stat.st_size - 1


def _still_the_same(request, stat, etag):
    """Whether If-Range, when given, names the file as it is now."""
    condition = request.headers.get("If-Range")
    if not condition:
        return True
    if condition.startswith(('"', "W/")):
        return condition == etag
    try:
        return int(parsedate_to_datetime(condition).timestamp()) == int(stat.st_mtime)
    except (TypeError, ValueError):
        return False
