"""Replicate, through its client: the only module that knows it.

The client is used for what it does well, addressing and encoding. Beneath it lies a transport of our own, since
the client creates without any timeout, drops Retry-After, and can't read the status `aborted`
(https://github.com/replicate/replicate-python/pull/449). Every function returns Replicate's own JSON, whether or not
the client could read it: what is used of it is checked here. They raise the ProviderErrors of `errors`.
"""

import atexit
import json
import logging
import math
import os
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache, partial
from typing import Any, NoReturn
from urllib.parse import urlencode, urlsplit

import httpx
from django.conf import settings
from django.utils import timezone

from storage.messages import Message, gettext

from .errors import (
    Broken,
    NotConfigured,
    ProviderError,
    Rejected,
    Throttled,
    TooOld,
    Unknown,
    Unreachable,
    WrongSignature,
)

TIMEOUT = httpx.Timeout(20, connect=5, pool=10).as_dict()
# Errors before anything was sent.
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# A prediction that nobody looks after ends by itself: Replicate stops it this long after its creation.
# https://replicate.com/docs/topics/predictions/lifecycle
CANCEL_AFTER = "25m"
LONGEST_REASON = 300
# However long we are told to wait, seconds.
LONGEST_WAIT = 3600
WEBHOOK_SECONDS = 300
ENDED = ("succeeded", "failed", "canceled", "aborted")
# The largest answer: a page of 100 predictions, each with a picture of 256 kB among its inputs.
MOST_ANSWER_BYTES, LONGEST_ANSWER_SECONDS = 32 * 2**20, 60
MOST_PAGES = 100
# It becomes part of addresses, and a key of ours.
ID = re.compile(r"[\w-]{1,100}", re.ASCII)
# Raised where foreign JSON is read that has wrong types, shapes, depths or sizes.
NONSENSE = (LookupError, TypeError, ValueError, AttributeError, RecursionError, OverflowError)

log = logging.getLogger(__name__)
_client_lock = threading.Lock()
_clients: dict[tuple[int, str, str], tuple[Any, "Transport"]] = {}


@cache
def _replicate() -> Any:
    """The client library, imported with the first call: it weighs 6 MB, and most web processes never make one."""
    import replicate.version
    import replicate.webhook

    return replicate


def configured() -> bool:
    return bool(settings.REPLICATE_API_TOKEN)


def create(model: str, input: dict[str, Any], webhook: str = "") -> dict[str, Any]:
    """Buy a prediction. `model`: owner/name or owner/name:version; Unknown when there is none of that name.

    `webhook`: the address that Replicate calls when it has ended, empty for none.
    """
    told = {"webhook": webhook, "webhook_events_filter": ["completed"]} if webhook else {}
    return _checked(_ask(lambda client: client.predictions.create(version=model, input=input, **told)))


def get(prediction_id: str) -> dict[str, Any]:
    """A prediction as it stands; Unknown when Replicate no longer has it."""
    return _checked(_ask(lambda client: client.predictions.get(prediction_id)), prediction_id)


def cancel(prediction_id: str) -> dict[str, Any]:
    """Stop a prediction; returns it as it stands then."""
    return _checked(_ask(lambda client: client.predictions.cancel(prediction_id)), prediction_id)


def created_since(moment: datetime) -> Iterator[dict[str, Any]]:
    """All predictions of this account made since an aware datetime, newest first; those that make no sense left out.

    Broken for a list that makes none, or has no end.
    """
    query = urlencode({"created_after": moment.isoformat()})
    for _ in range(MOST_PAGES):
        address = f"/v1/predictions?{query}"
        results, query = _page(_ask(partial(_list, address)))
        yield from results
        if not query:
            return
    raise _nonsense()


def _list(address: str, client: Any) -> object:
    return client.predictions.list(address)


def _page(page: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """(predictions, the query of the next page or '')."""
    try:
        # Only the cursor is taken from the answer: the token goes to no other address than the configured one.
        return [one for one in page["results"] if _is_prediction(one)], urlsplit(page.get("next") or "").query
    except NONSENSE:
        raise _nonsense() from None


def _checked(answer: dict[str, Any], prediction_id: str = "") -> dict[str, Any]:
    """An answer that is a prediction, the one that was asked for; Broken for any other."""
    if not _is_prediction(answer) or (prediction_id and answer["id"] != prediction_id):
        raise _nonsense()
    return answer


def _is_prediction(found: Any) -> bool:
    if not isinstance(found, dict) or not isinstance(found.get("status"), str):
        return False
    return isinstance(found.get("id"), str) and bool(ID.fullmatch(found["id"]))


def _nonsense() -> Broken:
    return Broken(gettext("Replicate answered with something that makes no sense; try again later."))


def account() -> dict[str, Any]:
    """The account that the token belongs to; the cheapest proof that both work."""
    return _ask(lambda client: client.accounts.current())


def model(name: str) -> dict[str, Any]:
    """A model as Replicate publishes it, its input schema included."""
    return _ask(lambda client: client.models.get(name.partition(":")[0]))


def version(name: str) -> Any:
    """The published version of a model that `name` pins or, for owner/name alone, the latest one, schema included.

    None for a model that publishes none; Unknown when there is no such model or version.
    """
    base, _, pinned = name.partition(":")
    if pinned:
        return _ask(lambda client: _replicate().version.Versions(client, base).get(pinned))
    return model(base).get("latest_version")


def webhook_secret() -> str:
    """The secret that this account's webhooks are signed with, `whsec_…`."""
    key = _ask(lambda client: client.webhooks.default.secret()).get("key")
    if not isinstance(key, str):
        raise _nonsense()
    return key


def check_webhook(headers: dict[str, str], body: str, secret: str) -> None:
    """Raise WrongSignature unless Replicate signed this within the last five minutes.

    `headers`: a dict; `body`: text. https://replicate.com/docs/topics/webhooks/verify-webhook
    """
    library = _replicate().webhook
    key = library.WebhookSigningSecret(key=secret)
    try:
        library.Webhooks.validate(headers=headers, body=body, secret=key, tolerance=WEBHOOK_SECONDS)
    except library.InvalidTimestampError:
        raise TooOld("The webhook is older than five minutes; Replicate will send a new one.") from None
    except ValueError:
        raise WrongSignature("The webhook is not signed by Replicate with this account's secret.") from None


def now() -> datetime:
    """The time by the provider's own clock, told from its latest answer; by ours where that names none.

    Between answers it advances by the machine's uptime, so that a step of our clock does not move it.
    A process that has had no answer yet asks for one, and raises the ProviderErrors of that.
    """
    _, transport = _client()
    if transport.clock is None:
        account()
    return transport.time()


def why(prediction: dict[str, Any]) -> Message:
    """A sentence for a prediction that ended otherwise than well."""
    if prediction["status"] == "failed":
        reason = _words(prediction.get("error") or "")[:LONGEST_REASON]
        return gettext("The model failed: %(reason)s") % {"reason": reason or gettext("no reason given")}
    if prediction["status"] == "aborted":
        return gettext("Replicate gave the prediction up before it began; try again.")
    return gettext("The prediction was cancelled at Replicate.")


def ready() -> None:
    """Raise NotConfigured or Unreachable unless the token is taken; a provider that is only busy counts as ready."""
    try:
        account()
    except (Throttled, Broken):
        log.warning("Replicate could not confirm the account just now.")


def _ask(call: Callable[[Any], object]) -> dict[str, Any]:
    client, transport = _client()
    transport.answer.json = None
    try:
        call(client)
    except NONSENSE as error:
        if transport.answer.json is None:
            raise _nonsense() from error
        # It came, and what the client can't read of it may be what nobody here asks for.
    answer: dict[str, Any] = transport.answer.json
    return answer


def _client() -> tuple[Any, "Transport"]:
    """This process's client for the settings as they are now, never one made before a fork."""
    if not configured():
        raise NotConfigured(gettext("Replicate is not configured: set REPLICATE_API_TOKEN."))
    key = (os.getpid(), settings.REPLICATE_BASE_URL, settings.REPLICATE_API_TOKEN)
    with _client_lock:
        if key not in _clients:
            close()
            _clients[key] = _make_client()
        return _clients[key]


@atexit.register
def close() -> None:
    """Let go of the connections; the next call opens new ones."""
    for _, transport in _clients.values():
        transport.close()
    _clients.clear()


def _make_client() -> tuple[Any, "Transport"]:
    limits = httpx.Limits(max_connections=32, keepalive_expiry=30)
    transport = Transport(httpx.HTTPTransport(verify=_certificates(), limits=limits))
    client = _replicate().Client(
        api_token=settings.REPLICATE_API_TOKEN,
        base_url=settings.REPLICATE_BASE_URL,
        transport=transport,
        headers={"Cancel-After": CANCEL_AFTER},
    )
    return client, transport


@cache
def _certificates() -> ssl.SSLContext:
    """Loaded once: that takes longer than a request."""
    return httpx.create_ssl_context()


class Transport(httpx.BaseTransport):
    """Sends with finite timeouts, turns every refusal into an error of ours, and keeps the JSON as it came."""

    def __init__(self, wire: httpx.BaseTransport) -> None:
        self.wire = wire
        self.answer = threading.local()
        # (uptime in seconds, the provider's time then), once an answer told.
        self.clock: tuple[float, datetime] | None = None
        self.quiet_until = 0.0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._keep_quiet(request)
        request.extensions = {**request.extensions, "timeout": TIMEOUT}
        try:
            response, body = _received(self.wire, request)
        except httpx.DecodingError:
            raise _nonsense() from None
        except httpx.TransportError as error:
            raise Unreachable(
                gettext(
                    "Replicate cannot be reached at %(address)s (%(kind)s); check "
                    "REPLICATE_BASE_URL and the network."
                )
                % {"address": settings.REPLICATE_BASE_URL, "kind": type(error).__name__},
                sent=not isinstance(error, UNSENT),
            ) from None
        self._read_clock(response)
        content = _content(body)
        if response.status_code >= 300:
            self._refuse(request, refusal(response.status_code, response.headers, content))
        if not isinstance(content, dict):
            raise Broken(
                gettext("Replicate answered with something that is no JSON object; try again later.")
            )
        self.answer.json = content
        return httpx.Response(response.status_code, content=body, request=request)

    def _read_clock(self, response: httpx.Response) -> None:
        try:
            told = parsedate_to_datetime(response.headers["date"])
        except (LookupError, TypeError, ValueError, OverflowError):
            return
        told, now = told if told.tzinfo else told.replace(tzinfo=UTC), time.monotonic()
        # It is told in whole seconds: what is less than two apart is the same time.
        if self.clock is None or abs(told - self._time(now)) > timedelta(seconds=2):
            self.clock = now, told

    def _time(self, uptime: float) -> datetime:
        read_at, there = self.clock or (uptime, timezone.now())
        return there + timedelta(seconds=uptime - read_at)

    def time(self) -> datetime:
        """The provider's time now; ours until an answer told."""
        return self._time(time.monotonic())

    def _refuse(self, request: httpx.Request, error: ProviderError) -> NoReturn:
        """Once told to wait, buy nothing until then, whichever step asks next."""
        if isinstance(error, Throttled) and _buys(request):
            # Of those that are answered at once the longest wait counts.
            self.quiet_until = max(self.quiet_until, time.monotonic() + (error.retry_after or 0))
        raise error

    def _keep_quiet(self, request: httpx.Request) -> None:
        left = self.quiet_until - time.monotonic()
        if left > 0 and _buys(request):
            raise Throttled(gettext("Replicate asked to slow down a moment ago."), left)

    def close(self) -> None:
        self.wire.close()


def _buys(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/predictions")


def _received(wire: httpx.BaseTransport, request: httpx.Request) -> tuple[httpx.Response, bytes]:
    """The response and its body, read to the end; Broken for one that is too large, or comes too slowly."""
    response = wire.handle_request(request)
    ends, body = time.monotonic() + LONGEST_ANSWER_SECONDS, bytearray()
    try:
        # Packed twice, a few bytes may become any number in one step.
        if "," in response.headers.get("content-encoding", ""):
            raise _nonsense()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MOST_ANSWER_BYTES or time.monotonic() > ends:
                raise Broken(gettext("Replicate's answer is too long, or takes too long; try again later."))
    finally:
        response.close()
    return response, bytes(body)


def _content(body: bytes) -> Any:
    """JSON as Python values; None for what is none, or can't be read."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def refusal(status: int, headers: Mapping[str, str], content: Any) -> ProviderError:
    """The error that an HTTP status of 300 and above stands for."""
    reason = _reason(status, content)
    if status == 401:
        return NotConfigured(
            gettext("Replicate does not take this token: set REPLICATE_API_TOKEN to a valid one.")
        )
    if status == 429:
        return Throttled(
            gettext("Replicate asks to slow down: %(reason)s") % {"reason": reason},
            _retry_after(headers, content),
        )
    # An unknown model or version is answered with a 404, or a 422 of this title.
    if status == 404 or reason.startswith("Invalid version"):
        return Unknown(gettext("Replicate does not know it: %(reason)s") % {"reason": reason})
    if 400 <= status < 500:
        return Rejected(gettext("Replicate refused: %(reason)s") % {"reason": reason})
    return Broken(gettext("Replicate failed: %(reason)s") % {"reason": reason})


def _reason(status: int, content: Any) -> str:
    said = content if isinstance(content, dict) else {}
    words = [_words(said[key]) for key in ("title", "detail") if said.get(key)]
    return ": ".join(dict.fromkeys(words))[:LONGEST_REASON] or f"HTTP status {status}"


def _words(said: Any) -> str:
    """A message on one line, without characters that databases or terminals do not take."""
    try:
        text = str(said)[: 10 * LONGEST_REASON]
    except RecursionError:
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _retry_after(headers: Mapping[str, str], content: Any) -> float | None:
    """Seconds from the header or the body; a date, an endless time or anything else counts as not named."""
    named = [headers.get("retry-after"), content.get("retry_after") if isinstance(content, dict) else None]
    found = [seconds for seconds in map(_seconds, named) if math.isfinite(seconds)]
    return min(LONGEST_WAIT, max(0.0, found[0])) if found else None


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
