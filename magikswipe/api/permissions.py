"""Who may call the API: everybody when it is open, else staff, each as far as their scopes reach."""

from urllib.parse import urlsplit

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.utils import translation
from rest_framework import authentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission

from magikswipe.roles import READ, WRITE, lacking, may

NO_STAFF = "Your account may not use the API; ask an administrator to make it a member of staff."
FOREIGN = "Pages of {origin} may not do this here; add that origin to CORS_ALLOWED_ORIGINS to allow it."


class SessionAuthentication(authentication.SessionAuthentication):
    """The admin's login. When the API is open it stands aside, so that a cookie asks for no CSRF token."""

    def authenticate(self, request):
        return None if settings.API_OPEN else super().authenticate(request)

    def authenticate_header(self, request):
        """What makes an anonymous call a 401 instead of a 403."""
        return 'Session realm="MagikSwipe"'


def needs(*scopes):
    """For a view's action or method: one of these scopes is needed instead of the method's usual one."""

    def mark(action):
        action.scopes = scopes
        return action

    return mark


class InScopeOrOpen(BasePermission):
    """When the API is open, every call but a foreign page's changes; else those of staff with the scope."""

    message = NO_STAFF

    def has_permission(self, request, view):
        if settings.API_OPEN:
            _refuse_foreign_pages(request)
            return True
        if not _is_staff(request.user):
            return False
        require(request, *needed(request, view))
        return True


def has_scope(request, scope):
    """Whether this caller has the scope; everybody has all of an open API's."""
    return settings.API_OPEN or may(request.user, scope)


def require(request, *scopes):
    """403 unless this caller has one of the scopes."""
    if not any(has_scope(request, scope) for scope in scopes):
        with translation.override("en"):
            raise PermissionDenied(lacking(scopes))


def needed(request, view):
    """The scopes one of which this call takes: those its action is marked with, else to read or to write."""
    action = getattr(view, "action", None) or request.method.lower()
    usual = READ if request.method in SAFE_METHODS else WRITE
    return getattr(getattr(view, action, None), "scopes", (usual,))


def _is_staff(user):
    return bool(user and user.is_authenticated and user.is_active and user.is_staff)


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


def author(request):
    """The name to keep with a change; empty when nobody is logged in."""
    return request.user.get_username() if request.user and request.user.is_authenticated else ""
