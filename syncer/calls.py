"""Calls over HTTP to Supabase: repeated here and nowhere else, with errors that say what to do."""

import threading
import time
import zlib
from collections.abc import Callable, Iterator

import httpx
from django.conf import settings
from django.utils.translation import gettext

from . import answers
from .errors import RemoteError, Unreachable, WrongKey

CONNECT_SECONDS = 5
# For a question whose answer is only worth having at once; the thread's patience bounds name resolution too.
PROBE_TIMEOUT = httpx.Timeout(0.9)
PROBE_PATIENCE = 1.8

# No page of rows and no listing comes near. The seconds are counted in those of silence that are waited for.
MOST_BYTES, MOST_SILENCES = 64 * 1024 * 1024, 2
# A file may take longer, but comes with so many bytes a second at least.
SLOWEST = 20_000

PASSING = {408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}
LONGEST_PAUSE = 30


class Passing(Exception):
    """An answer that says to try again later; `kind`: the error that it is when that did not help."""

    def __init__(self, sentence, retry_after=None, kind=RemoteError):
        super().__init__(sentence)
        self.retry_after, self.kind = retry_after, kind


class BoundedClient(httpx.Client):
    """Reads every answer but the files that are streamed, up to MOST_BYTES within `seconds`, and has it checked.

    What it decodes is limited too, so it does that itself: https://docs.python.org/3/library/zlib.html
    """

    def __init__(self, check: Callable[[httpx.Response], None], seconds: float, **options):
        super().__init__(headers={"Accept-Encoding": "gzip"}, **options)
        self._check_answer, self._seconds = check, seconds

    def send(self, request: httpx.Request, *, stream: bool = False, **options) -> httpx.Response:
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
    """The pieces of a body as they come; RemoteError when it is not whole so many seconds later."""
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
    """The pieces decoded, none of them beyond MOST_BYTES; httpx.DecodingError for what is no gzip."""
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


class Caller:
    """What one installation says to one Supabase. Raises Unreachable, WrongKey or RemoteError."""

    def __init__(self, url, key, timeout):
        self.url = url
        self._seconds = timeout * MOST_SILENCES
        self._headers = {"apikey": key, "Authorization": f"Bearer {key}"}
        # HTTP/1.1: httpx's HTTP/2 connections don't stand being shared by threads. Redirects are not
        # followed: the key must not reach another host.
        self._http = BoundedClient(
            self._check,
            self._seconds,
            http2=False,
            timeout=httpx.Timeout(timeout, connect=CONNECT_SECONDS),
            follow_redirects=False,
        )

    def close(self):
        self._http.close()

    def answers(self):
        """Whether Supabase admits our key, told within 2 seconds."""
        told = []
        thread = threading.Thread(
            target=lambda: told.append(self._probe()), daemon=True, name="supabase-probe"
        )
        thread.start()
        thread.join(PROBE_PATIENCE)
        return bool(told and told[0])

    def _probe(self):
        address = f"{self.url}/rest/v1/univers?select=id&limit=1"
        try:
            return httpx.get(address, headers=self._headers, timeout=PROBE_TIMEOUT).status_code == 200
        except httpx.HTTPError:
            return False

    def _call(self, what, send, *, repeatable=True):
        """Send, again after a pause when that may help; what must not be done twice only if it never left."""
        pauses = [0.3 * 3**n for n in range(settings.SYNC_RETRIES)]
        for pause in (*pauses, None):
            try:
                return self._translated(what, send)
            except Passing as error:
                if pause is None or not repeatable:
                    raise error.kind(str(error)) from None
                time.sleep(min(error.retry_after or pause, LONGEST_PAUSE))
            except httpx.TransportError as error:
                left = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if pause is None or (left and not repeatable):
                    raise self._unreachable(what, error) from None
                time.sleep(pause)

    def _translated(self, what, send):
        """Send, with the errors of a client library as errors of ours."""
        return send()

    def _unreachable(self, what, error):
        reason = str(error) or type(error).__name__
        return Unreachable(
            gettext(
                "Supabase cannot be reached at %(url)s (%(what)s: %(reason)s); check SUPABASE_URL "
                "and the network."
            )
            % {"url": self.url, "what": what, "reason": reason}
        )

    def _check(self, answer):
        """Raise for the answers that mean the same wherever they come."""
        status = answer.status_code
        if status in (401, 403):
            raise wrong_key(answers.message(answer))
        if status in PASSING:
            raise Passing(
                gettext("Supabase answered %(status)s to %(request)s (%(message)s); try again later.")
                % {"status": status, "request": _request(answer), "message": answers.message(answer)},
                answers.pause(answer),
            )
        if answer.is_redirect:
            raise RemoteError(
                gettext("%(url)s redirects to another address; set SUPABASE_URL to that one.")
                % {"url": self.url}
            )


def wrong_key(message):
    return WrongKey(
        gettext(
            "Supabase does not admit the key in SUPABASE_SERVICE_ROLE_KEY (%(message)s); set the "
            "project's service role key."
        )
        % {"message": message}
    )
