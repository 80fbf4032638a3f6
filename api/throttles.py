"""How often one caller may change something, and spend: per minute, counted in the database, over all processes.

Replicate's signed calls and what only reads are never counted.
"""

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS
from rest_framework.throttling import BaseThrottle

from . import clients, tallies
from .permissions import buys, is_guarded, token_of

SECONDS = 60


class Writes(BaseThrottle):
    """THROTTLE_WRITES a minute; 0 is no limit."""

    kind = "writes"
    left = None

    def allow_request(self, request, view):
        most = self.most()
        if (
            not most
            or request.method in SAFE_METHODS
            or not is_guarded(view)
            or not self.concerns(request, view)
        ):
            return True
        count, self.left = tallies.add(self.kind, _caller(request), SECONDS)
        return count <= most

    def wait(self):
        """Seconds to wait, for Retry-After."""
        return self.left

    def most(self):
        return settings.THROTTLE_WRITES

    def concerns(self, request, view):
        return True


class Paid(Writes):
    """THROTTLE_PAID a minute, of the calls that buy."""

    kind = "paid"

    def most(self):
        return settings.THROTTLE_PAID

    def concerns(self, request, view):
        return buys(request, view)


def _caller(request):
    if token := token_of(request):
        return f"token {token.pk}"
    if request.user and request.user.is_authenticated:
        return f"user {request.user.pk}"
    return clients.network(request)
