"""A server in front of another one that loses, cuts and refuses answers when it is told to."""

import re
import threading
import time
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
from django.utils.http import http_date

# What may be told of a call: sent on and answered in half, sent on and not answered, not sent on, refused.
CUT, LOST, DROPPED, REFUSED = "cut", "lost", "dropped", "refused"
REFUSAL = b"<Error><Code>AccessDenied</Code><Message>%s may not at %s</Message></Error>"
LISTED = re.compile(rb"<LastModified>([^<]+)")
HOP = ("connection", "transfer-encoding", "content-length", "date", "server")


class Proxy(ThreadingHTTPServer):
    """`fault`: a function of (method, path with query) that names what befalls a call, None for nothing.

    `age`: how much older than they are files seem; `ahead`: how much later it is by the server's clock.
    """

    daemon_threads = True

    def __init__(self, target):
        super().__init__(("127.0.0.1", 0), Handler)
        self.client = httpx.Client(base_url=target, timeout=60)
        self.address = f"127.0.0.1:{self.server_port}"
        self.fault, self.calls = (lambda method, path: None), []
        self.age = self.ahead = timedelta()

    def handle_error(self, request, client_address):
        """A client that hangs up on us, or we on it, is no news."""

    def fails_after(self, number, fault=DROPPED):
        """Not one call gets through after so many."""
        last = len(self.calls) + number
        self.fault = lambda method, path: fault if len(self.calls) > last else None

    def recovers(self):
        self.fault = lambda method, path: None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self):
        self.server.calls.append((self.command, self.path))
        fault = self.server.fault(self.command, self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            content = self._chunks()
        if fault == REFUSED:
            return self._send(
                403, {"Content-Type": "application/xml"}, REFUSAL % (b"key", self.path.encode())
            )
        if fault != DROPPED:
            answer = self._sent_on(content)
        if fault in (DROPPED, LOST):
            self.close_connection = True
            return self.connection.close()
        headers = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
        content = self._aged(headers, answer.content)
        return self._send(answer.status_code, headers, content, answer, cut=fault == CUT)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer

    def _chunks(self):
        content = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _aged(self, headers, content):
        """The same with other times, in the headers and in a listing."""
        if changed := headers.get("last-modified"):
            headers["last-modified"] = http_date((parsedate_to_datetime(changed) + self._shift()).timestamp())
        return LISTED.sub(lambda found: self._shown(found.group(1)), content)

    def _shown(self, moment):
        shown = datetime.fromisoformat(moment.decode()) + self._shift()
        return b"<LastModified>%s" % shown.isoformat().encode()

    def _shift(self):
        return self.server.ahead - self.server.age

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + self.server.ahead.total_seconds())

    def _sent_on(self, content):
        headers = [(n, v) for n, v in self.headers.items() if n.lower() not in ("expect", *HOP)]
        return self.server.client.request(self.command, self.path, headers=headers, content=content)

    def _send(self, status, headers, content, answer=None, cut=False):
        length = (
            answer.headers.get("Content-Length", "0") if self.command == "HEAD" and answer else len(content)
        )
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.close_connection = True

    def log_message(self, *arguments):
        """Nobody reads it."""


@contextmanager
def proxy_of(target):
    """A Proxy of the server at this address."""
    proxy = Proxy(target)
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        with suppress(OSError):
            proxy.server_close()
        proxy.client.close()
