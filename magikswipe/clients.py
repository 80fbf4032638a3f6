"""Where a request comes from, as far as it can be believed."""

from ipaddress import ip_address, ip_network

from django.conf import settings


def address(request):
    """The client's address as a text, '' when there is none.

    Each of the TRUST_PROXY proxies in front has added the address that it saw to X-Forwarded-For: that many from
    the right stands the client; what is further left, anybody may have written.
    """
    direct = request.META.get("REMOTE_ADDR") or ""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    count = settings.TRUST_PROXY
    if not count or len(hops) < count or not _parsed(hops[-count]):
        return direct
    return hops[-count]


def network(request):
    """What to count by: the address; of IPv6 the /64, of which one subscriber has all addresses."""
    found = address(request)
    parsed = _parsed(found)
    return str(ip_network((str(parsed), 64), strict=False)) if parsed and parsed.version == 6 else found


def _parsed(text):
    try:
        return ip_address(text)
    except ValueError:
        return None
