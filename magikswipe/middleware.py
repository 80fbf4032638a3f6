"""Each answer gets a request id, a line in the access log, a share of the metrics, and a Content-Security-Policy.

Django sets the other headers itself; it has policies of its own from version 6 on, which can take this one's place
(https://www.w3.org/TR/CSP3/).
"""

import logging
import re
import time
import uuid
from urllib.parse import urlsplit

from django.conf import settings

from . import logs, metrics

REQUEST_ID = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

log = logging.getLogger("magikswipe.access")

POLICY = "Content-Security-Policy"
STRICT = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}


class AccessLogMiddleware:
    """The outermost middleware: every request is counted and logged, and every answer has the request's id.

    An id that the client or a proxy sent is kept, so that its log and ours can be read together.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        began = time.perf_counter()
        given = request.headers.get(REQUEST_ID, "")
        id = given if SANE.fullmatch(given) else uuid.uuid4().hex
        token = logs.request_id.set(id)
        try:
            response = self.get_response(request)
            response.headers[REQUEST_ID] = id
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


def strict():
    return STRICT


def with_media():
    """Beside our own: what is published, and thumbnails, which may have an address anywhere."""
    supabase = urlsplit(settings.SUPABASE_URL)
    published = [f"{supabase.scheme}://{supabase.netloc}"] if supabase.netloc else []
    # Our own addresses lead there, and a policy is asked again after a redirect.
    bucket = urlsplit(settings.BUCKET_PUBLIC_URL)
    ours = ["'self'", *([f"{bucket.scheme}://{bucket.netloc}"] if bucket.netloc else [])]
    return STRICT | {
        "img-src": [*ours, "data:", "blob:", "https:", *published],
        "media-src": [*ours, "blob:", *published],
        "connect-src": ours,
    }


def admin():
    """Alpine makes functions of its attributes' texts (https://alpinejs.dev/advanced/csp), htmx sets styles."""
    return with_media() | {
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
    }


def policy_for(path):
    """The value of the header for a page at this path."""
    if path.startswith(f"/{settings.ADMIN_PATH}/"):
        found = admin()
    else:
        found = with_media() if path.startswith("/preview/") else strict()
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in found.items())


class PolicyMiddleware:
    """Sets the header on every answer but the pages that DEBUG shows to developers, which have scripts in them."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if not (settings.DEBUG and response.status_code in (404, 500)):
            response.headers.setdefault(POLICY, policy_for(request.path_info))
        return response
