"""Where a request comes from, as far as it can be believed."""

from ipaddress import ip_address, ip_network

from django.conf import settings


def address(request):
    """The client's address as a text, '' when there is none.

    Each of the TRUST_PROXY proxies in front has added the address that it saw to X-Forwarded-For: that many from
    the right stands the client; what is further left, anybody may have written.
    """
    direct = request.META.get("REMOTE_ADDR") or ""
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    count = settings.TRUST_PROXY
    found = _parsed(hops[-count]) if 0 < count <= len(hops) else None
    return str(found or _parsed(direct) or direct)


def network(request):
    """What to count by: the address; of IPv6 the /64, of which one subscriber has all addresses."""
    found = address(request)
    parsed = _parsed(found)
    return str(ip_network((str(parsed), 64), strict=False)) if parsed and parsed.version == 6 else found


def _parsed(text):
    """The address in a text, None where there is none; an IPv4 address in IPv6's clothes is the IPv4 address."""
    try:
        found = ip_address(_without_port(text.strip()))
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _without_port(text):
    """Some proxies tell the port: `192.0.2.1:80`, `[2001:db8::1]:80` (RFC 7239, section 6)."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
