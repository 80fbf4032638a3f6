"""Addresses under which a browser gets one object from the server itself, signed in their query.

They work for VALID_SECONDS - STEP_SECONDS at least and VALID_SECONDS at most; within a step an address stays the
same, so that browsers can keep the file and ask only whether it has changed.
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import hmac
import time
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, urlencode, urlsplit

STEP_SECONDS, VALID_SECONDS = 5 * 60, 15 * 60
ALGORITHM = "AWS4-HMAC-SHA256"


def address(origin, server, key, query):
    """The address of a key at `origin`, which answers for `server`, as S3Storage has it. `query`: more parameters."""
    place = f"{origin}/{server['bucket']}/{quote(key)}"
    now = int(time.time()) // STEP_SECONDS * STEP_SECONDS
    return signed(place, server, datetime.fromtimestamp(now, UTC), VALID_SECONDS, query)


def signed(place, server, moment, seconds, query):
    """An address with a signature for GET that works for so many seconds from a moment on (UTC)."""
    time_of_day, day = moment.strftime("%Y%m%dT%H%M%SZ"), moment.strftime("%Y%m%d")
    scope = f"{day}/{server['region']}/s3/aws4_request"
    parameters = {
        **query,
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{server['key']}/{scope}",
        "X-Amz-Date": time_of_day,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    asked = urlencode(sorted(parameters.items()), quote_via=quote, safe="")
    parts = urlsplit(place)
    request = "\n".join(("GET", parts.path, asked, f"host:{parts.netloc}", "", "host", "UNSIGNED-PAYLOAD"))
    signing = "\n".join((ALGORITHM, time_of_day, scope, sha256(request.encode()).hexdigest()))
    signature = _hmac(_key(server, day), signing).hex()
    return f"{place}?{asked}&X-Amz-Signature={signature}"


def _key(server, day):
    """The secret, bound to a day, a region and the service."""
    key = f"AWS4{server['secret']}".encode()
    for word in (day, server["region"], "s3", "aws4_request"):
        key = _hmac(key, word)
    return key


def _hmac(key, text):
    return hmac.digest(key, text.encode(), sha256)
