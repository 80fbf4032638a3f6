"""Calls over HTTP to Supabase: repeated here and nowhere else, with errors that say what to do."""

import threading
import time

import httpx
from django.conf import settings
from django.utils.translation import gettext

from . import answers
from .errors import RemoteError, Unreachable, WrongKey

CONNECT_SECONDS = 5
# For a question whose answer is only worth having at once; the thread's patience bounds name resolution too.
PROBE_TIMEOUT = httpx.Timeout(0.9)
PROBE_PATIENCE = 1.8

PASSING = {408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}
LONGEST_PAUSE = 30


class Passing(Exception):
    """An answer that says to try again later; `kind`: the error that it is when that did not help."""

    def __init__(self, sentence, retry_after=None, kind=RemoteError):
        super().__init__(sentence)
        self.retry_after, self.kind = retry_after, kind


class Caller:
    """What one installation says to one Supabase. Raises Unreachable, WrongKey or RemoteError."""

    def __init__(self, url, key, timeout):
        self.url = url
        self._headers = {"apikey": key, "Authorization": f"Bearer {key}"}
        # HTTP/1.1: httpx's HTTP/2 connections don't stand being shared by threads. Redirects are not
        # followed: the key must not reach another host.
        self._http = httpx.Client(
            http2=False,
            timeout=httpx.Timeout(timeout, connect=CONNECT_SECONDS),
            follow_redirects=False,
            event_hooks={"response": [self._check]},
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
        """httpx's hook on every answer: those that mean the same wherever they come."""
        status = answer.status_code
        if status in (401, 403) or status in PASSING:
            answer.read()
        if status in (401, 403):
            raise wrong_key(answers.message(answer))
        if status in PASSING:
            request = f"{answer.request.method} {answer.request.url.path}"
            raise Passing(
                gettext("Supabase answered %(status)s to %(request)s (%(message)s); try again later.")
                % {"status": status, "request": request, "message": answers.message(answer)},
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
