"""Who may call the API: everybody when it is open, else staff."""

from django.conf import settings
from rest_framework import authentication
from rest_framework.permissions import BasePermission


class SessionAuthentication(authentication.SessionAuthentication):
    """The admin's login. When the API is open it stands aside, so that a cookie asks for no CSRF token."""

    def authenticate(self, request):
        return None if settings.API_OPEN else super().authenticate(request)

    def authenticate_header(self, request):
        """What makes an anonymous call a 401 instead of a 403."""
        return 'Session realm="MagikSwipe"'


class EditorOrOpen(BasePermission):
    """Every call when the API is open, else those of authenticated staff."""

    def has_permission(self, request, view):
        return settings.API_OPEN or is_editor(request.user)


def is_editor(user):
    return bool(user and user.is_authenticated and user.is_active and user.is_staff)


def author(request):
    """The name to keep with a change; empty when nobody is logged in."""
    return request.user.get_username() if request.user and request.user.is_authenticated else ""
