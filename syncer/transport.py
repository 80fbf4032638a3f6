"""HTTP calls to Supabase: bounded, retried, and with errors that say what to do. No other module retries."""

import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import httpx
from django.conf import settings

from storage.messages import Message, Text, gettext, of

from .errors import RemoteError, Unreachable, Unreadable, WrongKey

Found = TypeVar("Found")

CONNECT_SECONDS = 5
# The probe answers within 2 s or not at all; the thread's patience bounds name resolution too.
PROBE_TIMEOUT = httpx.Timeout(0.9)
PROBE_PATIENCE = 1.8

# No page of rows and no listing comes near. An answer may take MOST_SILENCES times SYNC_TIMEOUT.
MOST_BYTES, MOST_SILENCES = 64 * 1024 * 1024, 2
# A file may take longer, at no less than so many bytes a second.
SLOWEST = 20_000

PASSING = {408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}
LONGEST_PAUSE = 30


MISSING_TABLE = "PGRST205"
# PostgREST's code when a column is written, and Postgres's when it is read.
MISSING_COLUMN = {"PGRST204", "42703"}


class Passing(Exception):
    """An error that a retry may cure; `kind` is raised when it does not."""

    def __init__(
        self, sentence: Text, retry_after: int | None = None, kind: type[RemoteError] = RemoteError
    ) -> None:
        super().__init__(sentence)
        self.retry_after, self.kind = retry_after, kind


class MissingTable(RemoteError):
    """Supabase has no such table."""


class MissingColumn(RemoteError):
    """A table in Supabase has no such column."""


class MissingObject(Unreadable):
    """Supabase Storage has no such bucket or file."""


class BoundedClient(httpx.Client):
    """Reads an answer up to MOST_BYTES within `seconds` and checks it; files that are streamed are only checked.

    It decompresses by itself, since httpx sets no limit: https://docs.python.org/3/library/zlib.html
    """

    def __init__(self, check: Callable[[httpx.Response], None], seconds: float, **options: Any) -> None:
        super().__init__(headers={"Accept-Encoding": "gzip"}, **options)
        self._check_answer, self._seconds = check, seconds

    def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        answer = super().send(request, stream=True, **options)
        if not (stream and answer.is_success):
            answer = self._read(answer)
        self._check_answer(answer)
        return answer

    def _read(self, answer: httpx.Response) -> httpx.Response:
        try:
            body = b"".join(_limited(decoded(answer, within(answer, self._seconds))))
        finally:
            answer.close()
        headers = [(k, v) for k, v in answer.headers.multi_items() if k.lower() not in TRANSPORT]
        return httpx.Response(answer.status_code, headers=headers, content=body, request=answer.request)


# Headers that describe a body as it came.
TRANSPORT = {"content-encoding", "content-length", "transfer-encoding"}


def within(answer: httpx.Response, seconds: float) -> Iterator[bytes]:
    """The pieces of a body; RemoteError when it is not whole after so many seconds."""
    end = time.monotonic() + seconds
    for piece in answer.iter_raw():
        yield piece
        if time.monotonic() > end:
            raise RemoteError(
                gettext(
                    "Supabase takes longer than %(seconds)s s for its answer to %(request)s; try again later."
                )
                % {"seconds": round(seconds), "request": _request(answer)}
            )


def decoded(answer: httpx.Response, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces decompressed, none larger than MOST_BYTES; httpx.DecodingError for a broken gzip."""
    encoding = answer.headers.get("Content-Encoding", "identity").lower()
    if encoding == "identity":
        yield from pieces
        return
    unzip, came = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16), False
    try:
        for piece in pieces:
            came = True
            yield unzip.decompress(piece, MOST_BYTES + 1)
    except zlib.error as error:
        raise httpx.DecodingError(str(error), request=answer.request) from None
    # Proxies name an encoding on answers without a body, too.
    if came and not unzip.eof:
        raise httpx.DecodingError("it breaks off", request=answer.request)


def _limited(pieces: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MOST_BYTES:
            raise RemoteError(
                gettext("Supabase's answer is larger than %(size)s MB; check SUPABASE_URL, and its tables.")
                % {"size": MOST_BYTES // 1024**2}
            )
        yield piece


def _request(answer: httpx.Response) -> str:
    return f"{answer.request.method} {answer.request.url.path}"


class Transport:
    """Calls to one Supabase with one key. Raises Unreachable, WrongKey or RemoteError."""

    def __init__(self, url: str, key: str, timeout: float) -> None:
        self.url = url
        self._seconds = timeout * MOST_SILENCES
        self._headers = {"apikey": key, "Authorization": f"Bearer {key}"}
        # HTTP/1.1, since httpx's HTTP/2 connections can't be shared by threads. No redirects, since the key
        # must not reach another host.
        self._http = BoundedClient(
            self._check,
            self._seconds,
            http2=False,
            timeout=httpx.Timeout(timeout, connect=CONNECT_SECONDS),
            follow_redirects=False,
        )

    def close(self) -> None:
        self._http.close()

    def answers(self) -> bool:
        """Whether Supabase admits our key; False after 2 seconds without an answer."""
        found: list[bool] = []
        thread = threading.Thread(
            target=lambda: found.append(self._probe()), daemon=True, name="supabase-probe"
        )
        thread.start()
        thread.join(PROBE_PATIENCE)
        return bool(found and found[0])

    def _probe(self) -> bool:
        address = f"{self.url}/rest/v1/univers?select=id&limit=1"
        try:
            return httpx.get(address, headers=self._headers, timeout=PROBE_TIMEOUT).status_code == 200
        except httpx.HTTPError:
            return False

    def _call(self, what: Text, send: Callable[[], Found], *, repeatable: bool = True) -> Found:
        """The result of `send()`, with retries. A call that is not `repeatable` is retried only if it never left."""
        pauses = iter([0.3 * 3**n for n in range(settings.SYNC_RETRIES)])
        while True:
            try:
                return self._translated(what, send)
            except Passing as error:
                pause = next(pauses, None)
                if pause is None or not repeatable:
                    raise error.kind(of(error)) from None
                time.sleep(min(error.retry_after or pause, LONGEST_PAUSE))
            except httpx.TransportError as error:
                pause = next(pauses, None)
                never_left = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if pause is None or not (repeatable or never_left):
                    raise self._unreachable(what, error) from None
                time.sleep(pause)

    def _translated(self, what: Text, send: Callable[[], Found]) -> Found:
        """The result of `send()`; a client library's errors are raised as ours."""
        raise NotImplementedError

    def _check(self, answer: httpx.Response) -> None:
        """Raise for the statuses that mean the same for every service of Supabase."""
        if answer.status_code in (401, 403):
            raise wrong_key(message(answer))
        if answer.status_code in PASSING:
            raise Passing(
                gettext("Supabase answered %(status)s to %(request)s (%(message)s); try again later.")
                % {"status": answer.status_code, "request": _request(answer), "message": message(answer)},
                retry_after(answer),
            )
        if answer.is_redirect:
            raise RemoteError(
                gettext("%(url)s redirects to another address; set SUPABASE_URL to that one.")
                % {"url": self.url}
            )

    def _unreachable(self, what: Text, error: httpx.TransportError) -> Unreachable:
        reason = str(error) or type(error).__name__
        return Unreachable(
            gettext(
                "Supabase cannot be reached at %(url)s (%(what)s: %(reason)s); check SUPABASE_URL "
                "and the network."
            )
            % {"url": self.url, "what": what, "reason": reason}
        )

    def _unlike(self, what: Text) -> RemoteError:
        return RemoteError(
            gettext("%(url)s does not answer like Supabase (%(what)s); check SUPABASE_URL.")
            % {"url": self.url, "what": what}
        )


# --- Errors as answers tell them


def body(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer, empty when there is none."""
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {"message": found}


def message(answer: httpx.Response) -> str:
    """The sentence of an answer, shortened."""
    found = body(answer)
    return str(found.get("message") or found.get("error") or found or answer.reason_phrase)[:200]


def retry_after(answer: httpx.Response) -> int | None:
    """In seconds; None when the header is absent or a date."""
    text = answer.headers.get("Retry-After", "")
    return int(text[:9]) if text.isdecimal() else None


def wrong_key(reason: str) -> WrongKey:
    return WrongKey(
        gettext(
            "Supabase does not admit the key in SUPABASE_SERVICE_ROLE_KEY (%(message)s); set the "
            "project's service role key."
        )
        % {"message": reason}
    )


class TableError(Protocol):
    """`PostgrestAPIError` of the client library."""

    code: str | None
    message: str | None


def table_error(what: Text, error: TableError) -> RemoteError | None:
    """The error of a refused request for rows; None when it does not come from PostgREST or Postgres.

    Both give codes of their own; an HTTP status, or none, comes from something else.
    """
    if error.code == MISSING_TABLE:
        return MissingTable(
            gettext("Supabase has no table for this (%(what)s): %(message)s")
            % {"what": what, "message": error.message}
        )
    if not error.code or len(error.code) == len("404"):
        return None
    kind = MissingColumn if error.code in MISSING_COLUMN else RemoteError
    return kind(_refused(what, error.message or gettext("no reason given"), error.code))


def storage_error(what: Text, error: Exception) -> RemoteError | WrongKey:
    """The error of a refused request for files; the true status is in the body, HTTP says 400 for most."""
    status, reason = str(getattr(error, "status", "")), str(getattr(error, "message", error))[:200]
    if status in ("401", "403"):
        return wrong_key(reason)
    if status == "404":
        return MissingObject(
            gettext("Supabase has not found it (%(what)s): %(message)s") % {"what": what, "message": reason}
        )
    if status == "413":
        return RemoteError(
            gettext("Supabase refused %(what)s: larger than the bucket's limit; raise it there.")
            % {"what": what}
        )
    return RemoteError(_refused(what, reason, status))


def download_error(what: Text, answer: httpx.Response) -> RemoteError:
    """The error of a refused download. Storage tells most statuses in the body alone."""
    answer.read()
    missing = "404" in (str(answer.status_code), str(body(answer).get("statusCode")))
    kind = MissingObject if missing else RemoteError
    return kind(_refused(what, message(answer), answer.status_code))


def _refused(what: Text, reason: Text, status: int | str) -> Message:
    words = {"what": what, "message": reason, "status": status}
    return gettext("Supabase refused %(what)s: %(message)s (%(status)s).") % words


def fault(error: Any) -> str:
    """The faulty part of an answer, if the library tells it: `: objects.0.name: Input should be a string`.

    https://docs.pydantic.dev/latest/errors/errors/
    """
    if not callable(getattr(error, "errors", None)):
        return ""
    first = error.errors()[0]
    return f": {'.'.join(map(str, first['loc']))}: {first['msg']}"[:200]
