"""Rate limits: how often one caller may log in, change something, and spend.

Counted in the database, so that a limit holds over processes, hosts and restarts. Replicate's signed calls and reads
are never counted.
"""

from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from math import ceil
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from .models import Tally
from .permissions import buys, is_guarded, token_of

if TYPE_CHECKING:
    from rest_framework.views import APIView

Address = IPv4Address | IPv6Address

# Hosts that share a database may differ by so much.
SKEW = timedelta(minutes=1)


def count(kind: str, who: str, seconds: float) -> tuple[int, float]:
    """Count one more; returns `(how often within this time, seconds until it ends)`.

    The time begins with the first and lasts `seconds`. Names and addresses are kept as digests alone.
    """
    key = _key(kind, who)
    if not _more(key, seconds):
        _begin(key, seconds)
    tally = Tally.objects.filter(key=key).first()
    # It may have ended, and been taken away, since.
    return (tally.count, _left(tally)) if tally else (1, seconds)


def look(kind: str, who: str, seconds: float) -> tuple[int, float]:
    """The same without counting one more; `(0, 0)` where nothing is counted."""
    tally = Tally.objects.filter(_lasts(seconds), key=_key(kind, who)).first()
    return (tally.count, _left(tally)) if tally else (0, 0)


def forget(kind: str, who: str) -> None:
    """Begin anew at none."""
    Tally.objects.filter(key=_key(kind, who)).delete()


def take_back(kind: str, who: str) -> None:
    """Count one less, where there is one to take back."""
    Tally.objects.filter(key=_key(kind, who), count__gt=0).update(count=F("count") - 1)


def _lasts(seconds: float) -> Q:
    """Those that have not ended; one that ends later than it may was begun by a clock that was set back since."""
    now = timezone.now()
    return Q(ends_at__gt=now, ends_at__lte=now + timedelta(seconds=seconds) + SKEW)


def _more(key: str, seconds: float) -> int:
    return Tally.objects.filter(_lasts(seconds), key=key).update(count=F("count") + 1)


def _begin(key: str, seconds: float) -> None:
    now = timezone.now()
    Tally.objects.filter(ends_at__lte=now).delete()
    Tally.objects.filter(~_lasts(seconds), key=key).delete()
    try:
        with transaction.atomic():
            Tally.objects.create(key=key, ends_at=now + timedelta(seconds=seconds))
    except IntegrityError:
        _more(key, seconds)


def _left(tally: Tally) -> int:
    return max(1, ceil((tally.ends_at - timezone.now()).total_seconds()))


def _key(kind: str, who: str) -> str:
    return salted_hmac("magikswipe.tallies", f"{kind}:{who}", algorithm="sha256").hexdigest()


def address(request: HttpRequest) -> str:
    """The client's address as a text, '' when there is none.

    Each of the TRUST_PROXY proxies in front has added the address that it saw to X-Forwarded-For: that many from
    the right stands the client; what is further left, anybody may have written.
    """
    direct = request.META.get("REMOTE_ADDR") or ""
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    proxies = settings.TRUST_PROXY
    found = _parsed(hops[-proxies]) if 0 < proxies <= len(hops) else None
    return str(found or _parsed(direct) or direct)


def network(request: HttpRequest) -> str:
    """The key to count by: the address; of IPv6 the /64, since one subscriber has all addresses of it."""
    found = address(request)
    parsed = _parsed(found)
    return str(ip_network((str(parsed), 64), strict=False)) if parsed and parsed.version == 6 else found


def _parsed(text: str) -> Address | None:
    """The address in a text, None where there is none; an IPv4 address in IPv6's clothes is the IPv4 address."""
    try:
        found = ip_address(_without_port(text.strip()))
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _without_port(text: str) -> str:
    """Some proxies tell the port: `192.0.2.1:80`, `[2001:db8::1]:80` (RFC 7239, section 6)."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


SECONDS = 60


class Writes(BaseThrottle):
    """THROTTLE_WRITES a minute; 0 is no limit."""

    kind = "writes"
    left: float | None = None

    def allow_request(self, request: Request, view: "APIView") -> bool:
        most = self.most()
        if (
            not most
            or request.method in SAFE_METHODS
            or not is_guarded(view)
            or not self.concerns(request, view)
        ):
            return True
        number, self.left = count(self.kind, _caller(request), SECONDS)
        return number <= most

    def wait(self) -> float | None:
        """Seconds to wait, for Retry-After."""
        return self.left

    def most(self) -> int:
        return settings.THROTTLE_WRITES

    def concerns(self, request: Request, view: "APIView") -> bool:
        return True


class Paid(Writes):
    """THROTTLE_PAID a minute, of the calls that buy."""

    kind = "paid"

    def most(self) -> int:
        return settings.THROTTLE_PAID

    def concerns(self, request: Request, view: "APIView") -> bool:
        return buys(request, view)


def _caller(request: Request) -> str:
    if token := token_of(request):
        return f"token {token.pk}"
    if request.user and request.user.is_authenticated:
        return f"user {request.user.pk}"
    return network(request)
