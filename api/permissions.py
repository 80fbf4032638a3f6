"""Authentication and permissions of the API.

An open API is everybody's. A closed one knows clients by their token and staff by the admin's cookie, each as far as
their scopes reach; strangers read what is public, and nothing else.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import translation
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from storage import signed_urls

from . import tokens
from .models import ApiToken
from .roles import GENERATE, READ, WRITE, lacking, may


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer msk_…` (https://www.rfc-editor.org/rfc/rfc6750#section-2.1)."""

    def authenticate(self, request: Request) -> Any:
        """`(owner, token)`; None without such a header. Raises AuthenticationFailed for one that opens nothing."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if settings.API_OPEN or scheme.lower() != "bearer":
            return None
        try:
            token = tokens.check(text.strip())
        except tokens.Refused as refusal:
            raise AuthenticationFailed(str(refusal)) from None
        return token.owner or AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        """The header that makes an anonymous call a 401 instead of a 403."""
        return 'Bearer realm="MagikSwipe"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The admin's login; what changes something needs its CSRF token, too."""

    def authenticate(self, request: Request) -> Any:
        return None if settings.API_OPEN else super().authenticate(request)


if TYPE_CHECKING:
    from rest_framework.views import APIView

Action = TypeVar("Action", bound=Callable[..., Any])

NO_STAFF = "Your account may not use the API; ask an administrator to make it a member of staff."
LACKS = "The token, or the account that it belongs to, lacks the scope {}; use one that has it."
FOREIGN = "Pages of {origin} may not do this here; add that origin to CORS_ALLOWED_ORIGINS to allow it."
OTHER_PORT = (
    "Pages of {origin} may not do this here, where requests come for {host} without a port. If that is this server "
    "behind a proxy, let the proxy pass the port (nginx: proxy_set_header {header} $http_host;); else add that origin "
    "to CORS_ALLOWED_ORIGINS."
)
USUAL_PORTS = {"http": ":80", "https": ":443"}


def needs(*scopes: str) -> Callable[[Action], Action]:
    """For a view's action or method: one of these scopes is needed instead of the method's usual one."""

    def mark(action: Action) -> Action:
        setattr(action, "scopes", scopes)  # noqa: B010 - a function has no such attribute of its own
        return action

    return mark


def public(action: Action) -> Action:
    """For a view's action: whoever may not read all may call it for what is public, and it shows no more."""
    action.public = True
    return action


def by_address(action: Action) -> Action:
    """For a view's action: an address with a signature opens it, too."""
    action.by_address = True
    return action


def paid_if(condition: "Callable[[APIView], bool]") -> Callable[[Action], Action]:
    """For a view's action: a call buys something when the condition says so of its view, whatever scope it takes."""

    def mark(action: Action) -> Action:
        setattr(action, "paid_if", condition)  # noqa: B010 - as above
        return action

    return mark


def buys(request, view) -> bool:
    """Whether this call may spend money: those that only who may generate can make, and those marked `paid_if`."""
    condition = getattr(_action(request, view), "paid_if", None)
    return condition(view) if condition else needed(request, view) == (GENERATE,)


class InScopeOrOpen(BasePermission):
    """When the API is open, every call but a foreign page's changes; else those for which one has the scope."""

    message = NO_STAFF

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if settings.API_OPEN:
            _refuse_foreign_pages(request)
            return True
        if is_public(request, view) or _opens_by_address(request, view):
            return True
        if not (request.auth or _is_staff(request.user)):
            return False
        require(request, *needed(request, view))
        return True


def has_scope(request: Request, scope: str) -> bool:
    """Whether this caller has the scope; everybody has all of an open API's."""
    if settings.API_OPEN:
        return True
    token = token_of(request)
    return tokens.reaches(token, scope) if token else may(request.user, scope)


def require(request: Request, *scopes: str) -> None:
    """403 unless this caller has one of the scopes."""
    if any(has_scope(request, scope) for scope in scopes):
        return
    with translation.override("en"):
        raise PermissionDenied(LACKS.format(" or ".join(scopes)) if token_of(request) else lacking(scopes))


def needed(request: Request, view: "APIView") -> tuple[str, ...]:
    """The scopes one of which this call takes: those its action is marked with, else to read or to write."""
    usual = READ if request.method in SAFE_METHODS else WRITE
    return getattr(_action(request, view), "scopes", (usual,))


def is_public(request: Request, view: "APIView") -> bool:
    """Whether strangers may make this call, too."""
    return getattr(_action(request, view), "public", False)


def is_guarded(view: "APIView") -> bool:
    """Whether a view asks who calls at all."""
    return any(isinstance(permission, InScopeOrOpen) for permission in view.get_permissions())


def _action(request: Request, view: "APIView") -> Any:
    name = getattr(view, "action", None) or request.method.lower()
    return getattr(view, name, None)


def _opens_by_address(request: Request, view: "APIView") -> bool:
    marked = getattr(_action(request, view), "by_address", False)
    return marked and signed_urls.is_signed(request.path, request.GET.get(signed_urls.PARAMETER))


def token_of(request: HttpRequest | Request) -> ApiToken | None:
    """The token that the caller came with; a page outside the API knows none."""
    found = getattr(request, "auth", None)
    return found if isinstance(found, ApiToken) else None


def _is_staff(user: Any) -> bool:
    return bool(user and user.is_authenticated and user.is_active and user.is_staff)


def _refuse_foreign_pages(request: Request) -> None:
    """Any page in the reader's browser can send a POST without a body here, and no preflight asks for leave.

    The browser names the page's origin (https://fetch.spec.whatwg.org/#origin-header); others send none.
    """
    origin = request.headers.get("Origin")
    if origin is not None and request.method not in SAFE_METHODS and not _is_trusted(request, origin):
        host = request.get_host()
        sentence = OTHER_PORT if _differs_by_port(origin, host) else FOREIGN
        raise PermissionDenied(
            sentence.format(origin=origin[:100], host=host, header=_header_of_host(request))
        )


def _is_trusted(request: Request, origin: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    allowed = CorsMiddleware(get_response=None).origin_found_in_white_lists(origin, parts)
    # The scheme is the proxy's affair: a page that came by HTTPS may reach us by HTTP.
    return allowed or parts.netloc == _without_usual_port(request.get_host(), parts.scheme)


def _without_usual_port(host: str, scheme: str) -> str | None:
    """The host as a page's origin names it; proxies may pass `example.org:443` for it. None for a page of a file."""
    return host.removesuffix(USUAL_PORTS[scheme]) if scheme in USUAL_PORTS else None


def _header_of_host(request: Request) -> str:
    """The header that told the host, which a proxy in front has to mend."""
    forwarded = settings.USE_X_FORWARDED_HOST and "X-Forwarded-Host" in request.headers
    return "X-Forwarded-Host" if forwarded else "Host"


def _differs_by_port(origin: str, host: str) -> bool:
    """Whether a host without a port is that of the origin, which has one: a proxy in front may have dropped it."""
    name, colon, port = origin.partition("://")[2].rpartition(":")
    return bool(colon) and port.isdecimal() and name == host


def author(request: Request) -> str:
    """The name to keep with a change; empty when nobody is logged in."""
    if token := token_of(request):
        return f"token {token.name}"
    return request.user.get_username() if request.user and request.user.is_authenticated else ""
