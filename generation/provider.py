"""Replicate, through its client: the only module that knows it.

The client is used for what it does well, addressing and encoding. Beneath it lies a transport of our own, since
the client creates without any timeout, drops Retry-After, and can't read the status `aborted`
(https://github.com/replicate/replicate-python/pull/449). Every function returns Replicate's own JSON, and raises
the ProviderErrors of `errors`.
"""

import atexit
import logging
import math
import os
import threading
import time
from functools import cache
from urllib.parse import urlencode, urlsplit

import httpx
from django.conf import settings
from django.utils.translation import gettext

from .errors import (
    Broken,
    NotConfigured,
    Rejected,
    Throttled,
    TooOld,
    Unknown,
    Unreachable,
    WrongSignature,
)

TIMEOUT = httpx.Timeout(20, connect=5, pool=10).as_dict()
# What went wrong before anything was sent.
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# A prediction that nobody looks after ends by itself: Replicate stops it this long after its creation.
# https://replicate.com/docs/topics/predictions/lifecycle
CANCEL_AFTER = "25m"
LONGEST_REASON = 300
# However long we are told to wait, seconds.
LONGEST_WAIT = 3600
WEBHOOK_SECONDS = 300
ENDED = ("succeeded", "failed", "canceled", "aborted")

log = logging.getLogger(__name__)
_client_lock = threading.Lock()
_clients = {}


@cache
def _replicate():
    """The client library, imported with the first call: it weighs 6 MB, and most web processes never make one."""
    import replicate.version
    import replicate.webhook

    return replicate


def configured():
    return bool(settings.REPLICATE_API_TOKEN)


def create(model, input, webhook=""):
    """Buy a prediction. `model`: owner/name or owner/name:version; Unknown when there is none of that name.

    `webhook`: the address that Replicate calls when it has ended, empty for none.
    """
    told = {"webhook": webhook, "webhook_events_filter": ["completed"]} if webhook else {}
    return _ask(lambda client: client.predictions.create(version=model, input=input, **told))


def get(prediction_id):
    """A prediction as it stands; Unknown when Replicate no longer has it."""
    return _ask(lambda client: client.predictions.get(prediction_id))


def cancel(prediction_id):
    return _ask(lambda client: client.predictions.cancel(prediction_id))


def created_since(moment):
    """All predictions of this account made since an aware datetime, newest first."""
    query = urlencode({"created_after": moment.isoformat()})
    while query:
        address = f"/v1/predictions?{query}"
        page = _ask(lambda client, address=address: client.predictions.list(address))
        yield from page["results"]
        # Only the cursor is taken from the answer: the token goes to no other address than the configured one.
        query = urlsplit(page.get("next") or "").query


def account():
    """The account that the token belongs to; the cheapest proof that both work."""
    return _ask(lambda client: client.accounts.current())


def model(name):
    """What Replicate publishes of a model, its input schema included."""
    return _ask(lambda client: client.models.get(name.partition(":")[0]))


def version(name):
    """The published version of a model that `name` pins or, for owner/name alone, the latest one, schema included.

    None for a model that publishes none; Unknown when there is no such model or version.
    """
    base, _, pinned = name.partition(":")
    if pinned:
        return _ask(lambda client: _replicate().version.Versions(client, base).get(pinned))
    return model(base).get("latest_version")


def webhook_secret():
    """What this account's webhooks are signed with, `whsec_…`."""
    return _ask(lambda client: client.webhooks.default.secret())["key"]


def check_webhook(headers, body, secret):
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


def why(prediction):
    """A sentence for a prediction that ended otherwise than well."""
    if prediction["status"] == "failed":
        reason = " ".join(str(prediction.get("error") or "no reason given").split())
        return gettext("The model failed: %(reason)s") % {"reason": reason[:LONGEST_REASON]}
    if prediction["status"] == "aborted":
        return gettext("Replicate gave the prediction up before it began; try again.")
    return gettext("The prediction was cancelled at Replicate.")


def ready():
    """Raise NotConfigured or Unreachable unless the token is taken; a provider that is only busy counts as ready."""
    try:
        account()
    except (Throttled, Broken):
        log.warning("Replicate could not confirm the account just now.")


def _ask(call):
    client, transport = _client()
    try:
        call(client)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Broken(
            gettext("Replicate answered with something that makes no sense; try again later.")
        ) from None
    return transport.answer.json


def _client():
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
def close():
    """Let go of the connections; the next call opens new ones."""
    for _, transport in _clients.values():
        transport.close()
    _clients.clear()


def _make_client():
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
def _certificates():
    """Loaded once: that takes longer than a request."""
    return httpx.create_ssl_context()


class Transport(httpx.BaseTransport):
    """Sends with finite timeouts, turns every refusal into an error of ours, and keeps the JSON as it came."""

    def __init__(self, wire):
        self.wire = wire
        self.answer = threading.local()
        self.quiet_until = 0.0

    def handle_request(self, request):
        self._keep_quiet(request)
        request.extensions = {**request.extensions, "timeout": TIMEOUT}
        try:
            response = self.wire.handle_request(request)
            response.read()
        except httpx.TransportError as error:
            raise Unreachable(
                gettext(
                    "Replicate cannot be reached at %(address)s (%(kind)s); check "
                    "REPLICATE_BASE_URL and the network."
                )
                % {"address": settings.REPLICATE_BASE_URL, "kind": type(error).__name__},
                sent=not isinstance(error, UNSENT),
            ) from None
        content = _content(response)
        if response.status_code >= 300:
            self._refuse(request, refusal(response.status_code, response.headers, content))
        if not isinstance(content, dict):
            raise Broken(
                gettext("Replicate answered with something that is no JSON object; try again later.")
            )
        self.answer.json = content
        return httpx.Response(response.status_code, json=_readable(content), request=request)

    def _refuse(self, request, error):
        """Once told to wait, buy nothing until then, whichever step asks next."""
        if isinstance(error, Throttled) and _buys(request):
            # Of those that are answered at once the longest wait counts.
            self.quiet_until = max(self.quiet_until, time.monotonic() + (error.retry_after or 0))
        raise error

    def _keep_quiet(self, request):
        left = self.quiet_until - time.monotonic()
        if left > 0 and _buys(request):
            raise Throttled(gettext("Replicate asked to slow down a moment ago."), left)

    def close(self):
        self.wire.close()


def _buys(request):
    return request.method == "POST" and request.url.path.endswith("/predictions")


def _content(response):
    try:
        return response.json()
    except ValueError:
        return None


def _readable(content):
    """The same JSON without what the client would choke on: the status `aborted`, an example of a prediction."""
    if content.get("status") == "aborted":
        return {**content, "status": "canceled"}
    if isinstance(content.get("results"), list):
        return {**content, "results": []}
    return {**content, "default_example": None} if "default_example" in content else content


def refusal(status, headers, content):
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
    # What is no model's name or version is answered with a 404, or a 422 of this title.
    if status == 404 or reason.startswith("Invalid version"):
        return Unknown(gettext("Replicate does not know it: %(reason)s") % {"reason": reason})
    if 400 <= status < 500:
        return Rejected(gettext("Replicate refused: %(reason)s") % {"reason": reason})
    return Broken(gettext("Replicate failed: %(reason)s") % {"reason": reason})


def _reason(status, content):
    said = content if isinstance(content, dict) else {}
    words = [str(said[key]).strip() for key in ("title", "detail") if said.get(key)]
    text = " ".join(": ".join(dict.fromkeys(words)).split())
    return text[:LONGEST_REASON] or f"HTTP status {status}"


def _retry_after(headers, content):
    """Seconds from the header or the body; a date, an endless time or anything else counts as not named."""
    named = [headers.get("retry-after"), content.get("retry_after") if isinstance(content, dict) else None]
    found = [seconds for seconds in map(_seconds, named) if math.isfinite(seconds)]
    return min(LONGEST_WAIT, max(0.0, found[0])) if found else None


def _seconds(value):
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
