"""How often one caller may change something, and spend: per minute, counted in the database, over all processes.

Replicate's signed calls and what only reads are never counted.
"""

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS
from rest_framework.throttling import BaseThrottle

from jobs import services
from jobs.errors import NotFound
from magikswipe import clients, tallies
from magikswipe.roles import GENERATE, scope_of

from .permissions import is_guarded, needed, token_of

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
    """THROTTLE_PAID a minute, of the calls that only who may generate can make: a retry buys as the first try did."""

    kind = "paid"

    def most(self):
        return settings.THROTTLE_PAID

    def concerns(self, request, view):
        return needed(request, view) == (GENERATE,) or _retries_what_was_bought(view)


def _retries_what_was_bought(view):
    if getattr(view, "action", None) != "retry":
        return False
    try:
        return scope_of(services.find(view.kwargs["job_id"])) == GENERATE
    except NotFound:
        return False


def _caller(request):
    if token := token_of(request):
        return f"token {token.pk}"
    if request.user and request.user.is_authenticated:
        return f"user {request.user.pk}"
    return clients.network(request)
