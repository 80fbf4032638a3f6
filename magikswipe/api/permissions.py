"""Who may call the API: everybody when it is open, else staff."""

from urllib.parse import urlsplit

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from rest_framework import authentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission

FOREIGN = "Pages of {origin} may not do this here; add that origin to CORS_ALLOWED_ORIGINS to allow it."


class SessionAuthentication(authentication.SessionAuthentication):
    """The admin's login. When the API is open it stands aside, so that a cookie asks for no CSRF token."""

    def authenticate(self, request):
        return None if settings.API_OPEN else super().authenticate(request)

    def authenticate_header(self, request):
        """What makes an anonymous call a 401 instead of a 403."""
        return 'Session realm="MagikSwipe"'


class EditorOrOpen(BasePermission):
    """When the API is open, every call but a foreign page's changes; else those of authenticated staff."""

    def has_permission(self, request, view):
        if not settings.API_OPEN:
            return is_editor(request.user)
        _refuse_foreign_pages(request)
        return True


def _refuse_foreign_pages(request):
    """Any page in the reader's browser can send a POST without a body here, and no preflight asks for leave.

    The browser names the page's origin (https://fetch.spec.whatwg.org/#origin-header); others send none.
    """
    origin = request.headers.get("Origin")
    if origin is not None and request.method not in SAFE_METHODS and not _is_trusted(request, origin):
        raise PermissionDenied(FOREIGN.format(origin=origin[:100]))


def _is_trusted(request, origin):
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    allowed = CorsMiddleware(get_response=None).origin_found_in_white_lists(origin, parts)
    # The scheme is the proxy's affair: a page that came by HTTPS may reach us by HTTP.
    return allowed or (parts.scheme in ("http", "https") and parts.netloc == request.get_host())


def is_editor(user):
    return bool(user and user.is_authenticated and user.is_active and user.is_staff)


def author(request):
    """The name to keep with a change; empty when nobody is logged in."""
    return request.user.get_username() if request.user and request.user.is_authenticated else ""
