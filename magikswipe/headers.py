"""The Content-Security-Policy of each page (https://www.w3.org/TR/CSP3/).

Django sets the other headers itself; it has policies of its own from version 6 on, which can take this one's place.
"""

from urllib.parse import urlsplit

from django.conf import settings

HEADER = "Content-Security-Policy"
STRICT = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}


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
            response.headers.setdefault(HEADER, policy_for(request.path_info))
        return response
