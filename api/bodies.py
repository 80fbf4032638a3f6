"""Bodies of requests: each is read to its end, or the connection ends with the answer.

A server's keep-alive tells a client, or the proxy that many share, that its next request may follow on the same
connection. That is true only once nothing of this request is left on it (RFC 9112, section 9.3).
"""

import socket
import string
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer, local
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import parse_header_parameters
from gunicorn.http.errors import ParseException

from . import registry

PIECE = 1024 * 1024
# For how long the rest of a body is waited for that nobody wants.
DRAIN_SECONDS = 10
FORM, FORM_WITH_FILES = "application/x-www-form-urlencoded", "multipart/form-data"

FORMS_BOUNDS = ("IMPORT_MAX_MB", "UPLOAD_CLIP_MAX_MB", "UPLOAD_MAX_MB")

# A codec is one of text if it gives the first back as it is and does not fail at the second.
ASCII = r"\u0041" + string.ascii_letters + string.digits + "+&=%~-/ "
OTHERS = bytes(range(128, 256))

connection = local()

Environ = dict[str, Any]
Application = Callable[..., Iterable[bytes]]


class BrokenOff(OSError):
    """A body that ended before it was complete, or whose chunks make no sense."""


class Body:
    """A request's body as the server hands it on. `length`: its Content-Length, None for a chunked one."""

    def __init__(self, source: IO[bytes], length: int | None) -> None:
        self.source, self.length = source, length
        self.taken, self.ended, self.broken = 0, length == 0, False

    def read(self, size: int | None = -1) -> bytes:
        """At most so many bytes, fewer only at the end. Raises BrokenOff when that comes too early."""
        wanted = self._at_most(size)
        piece = self._take(self.source.read, wanted)
        self._note(ended=len(piece) < wanted)
        return piece

    def readline(self, size: int | None = -1) -> bytes:
        line = self._take(self.source.readline, self._at_most(size))
        self._note(ended=not line)
        return line

    def drain(self, most: int) -> bool:
        """Read what is left and throw it away; whether that was all of it, in at most `most` bytes."""
        # One byte more finds the end.
        end = self.taken + most + 1
        with suppress(BrokenOff):
            while not self.ended and self.taken < end:
                self.read(min(PIECE, end - self.taken))
        return self.ended

    def _at_most(self, size: int | None) -> int:
        left = sys.maxsize if self.length is None else self.length - self.taken
        return left if size is None or size < 0 else min(size, left)

    def _take(self, read: Callable[[int], bytes], size: int) -> bytes:
        if self.broken:
            raise BrokenOff
        try:
            piece = read(size) if size else b""
        except (OSError, ParseException) as error:
            self.broken = True
            raise BrokenOff from error
        self.taken += len(piece)
        return piece

    def _note(self, ended: bool) -> None:
        if self.length is None:
            self.ended = self.ended or ended
        elif self.taken == self.length:
            self.ended = True
        elif ended:
            self.broken = True
            raise BrokenOff


def whole_bodies(application: Application) -> Application:
    """A WSGI application that takes bodies in chunks, and answers no request before its body is read.

    What it reads of a body that the application left alone is bounded: in bytes by `limit`, in time by DRAIN_SECONDS.
    """

    def served(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = Body(environ["wsgi.input"], _declared(environ))
        environ["CONTENT_TYPE"] = readable(environ.get("CONTENT_TYPE", ""))
        environ["wsgi.input"] = body
        if body.length is None:
            # Django takes a body without a length for empty; this one it never reaches.
            environ["CONTENT_LENGTH"] = str(sys.maxsize)
        response = application(environ, start_response)
        rest = Rest(body, environ)
        return response if body.ended or rest.drained() else rest.last(response)

    return served


class Rest:
    """The part of a body that the application did not read."""

    def __init__(self, body: Body, environ: Environ) -> None:
        self.body, self.most = body, limit(environ)
        self.socket = environ.get("gunicorn.socket")
        self.until = time.monotonic() + DRAIN_SECONDS

    def drained(self) -> bool:
        """Whether all of it has been read, within the bounds."""
        with _reading_ends(self.socket, self.until - time.monotonic()) as late:
            drained = self.body.drain(self.most)
        return drained and not late.is_set()

    def last(self, response: Iterable[bytes]) -> Iterator[bytes]:
        """The response as the last one on its connection, which is read on: who is still sending sees the answer."""
        getattr(connection, "end", bool)()
        try:
            yield from response
        finally:
            if close := getattr(response, "close", None):
                close()
            self.drained()


def remember_connection(worker: Any, request: Any) -> None:
    """gunicorn's hook `pre_request`: an application's header `Connection` counts for nothing there, this does."""
    connection.end = request.force_close


def limit(environ: Environ) -> int:
    """The most bytes that a request's body may have."""
    return file_limit(environ) or settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def file_limit(environ: Environ) -> int | None:
    """The same as `limit`, for a body that is a file or has files in it; None for others."""
    path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD")
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if kind == FORM_WITH_FILES and not path.startswith("/api/"):
        return max(getattr(settings, name) for name in FORMS_BOUNDS) * 2**20
    if kind == FORM:
        return None
    found = (name for verb, paths, name in registry.file_bodies if verb == method and paths.fullmatch(path))
    name = next(found, None)
    return None if name is None else getattr(settings, name) * 2**20


def declared_size(request: HttpRequest) -> int:
    """How many bytes a request's Content-Length declares; 0 where that is not known before they are read."""
    return 0 if is_chunked(request.META) else int(request.META.get("CONTENT_LENGTH") or 0)


def is_chunked(environ: Environ) -> bool:
    return "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()


def readable(content_type: str) -> str:
    """The header Content-Type with nothing in it that cannot be read: Django takes any codec of Python's for text."""
    kind = content_type.partition(";")[0]
    if kind.strip().lower() == FORM:
        # Always UTF-8; Django refuses another charset, and again as it makes the page that says so.
        return kind
    try:
        _, parameters = parse_header_parameters(content_type)
    except ValueError:
        return kind
    charset = parameters.get("charset")
    if charset is None or _is_text(charset):
        return content_type
    boundary = parameters.get("boundary")
    return f'{kind}; boundary="{boundary}"' if boundary else kind


def _is_text(charset: str) -> bool:
    try:
        OTHERS.decode(charset, "replace")
        return ASCII.encode().decode(charset, "replace") == ASCII
    except (LookupError, ValueError):
        return False


def _declared(environ: Environ) -> int | None:
    """None where the server alone knows where the body ends, which it says by `wsgi.input_terminated`."""
    if is_chunked(environ) and environ.get("wsgi.input_terminated"):
        return None
    try:
        return max(0, int(environ.get("CONTENT_LENGTH") or 0))
    except ValueError:
        return 0


@contextmanager
def _reading_ends(connected: socket.socket | None, seconds: float) -> Iterator[Event]:
    """Reads from this socket in the block meet its end after so many seconds; the event tells of it.

    A socket's own timeout begins anew with each byte.
    """
    late = Event()

    def end() -> None:
        late.set()
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RD)

    timer = Timer(max(0, seconds), end)
    if connected:
        timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        if connected:
            timer.join()
