"""Who calls a closed API: a client with a token, or an editor with the admin's cookie.

An open API asks nobody: both stand aside.
"""

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed

from . import tokens


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer msk_…` (https://www.rfc-editor.org/rfc/rfc6750#section-2.1)."""

    def authenticate(self, request):
        """`(owner, token)`; None without such a header. Raises AuthenticationFailed for one that opens nothing."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if settings.API_OPEN or scheme.lower() != "bearer":
            return None
        try:
            token = tokens.check(text.strip())
        except tokens.Refused as refusal:
            raise AuthenticationFailed(str(refusal)) from None
        return token.owner or AnonymousUser(), token

    def authenticate_header(self, request):
        """What makes an anonymous call a 401 instead of a 403."""
        return 'Bearer realm="MagikSwipe"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The admin's login; what changes something needs its CSRF token, too."""

    def authenticate(self, request):
        return None if settings.API_OPEN else super().authenticate(request)
