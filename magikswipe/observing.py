"""What is noted of each request: an id, one line in the log, and its share of the metrics."""

import logging
import re
import time
import uuid

from . import logs, metrics

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

log = logging.getLogger("magikswipe.access")


class ObserverMiddleware:
    """The outermost: whoever answers, the request is counted, and the answer has the request's id.

    An id that the client or a proxy sent is kept, so that its log and ours can be read together.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        began = time.perf_counter()
        given = request.headers.get(HEADER, "")
        id = given if SANE.fullmatch(given) else uuid.uuid4().hex
        token = logs.request_id.set(id)
        try:
            response = self.get_response(request)
            response.headers[HEADER] = id
            _note(request, response, time.perf_counter() - began)
        finally:
            logs.request_id.reset(token)
        return response


def _note(request, response, seconds):
    """A route is a pattern, so that neither log nor metrics tell which universe, card or person it was about."""
    method = request.method if request.method in METHODS else "other"
    route = logs.route_of(request)
    metrics.REQUESTS.labels(route, method, response.status_code).inc()
    metrics.SECONDS.labels(route, method).observe(seconds)
    facts = {"method": method, "route": route, "status": response.status_code, "ms": round(seconds * 1000, 1)}
    log.info("%s %s %s", method, route, response.status_code, extra={"more": facts})
