"""URLs that open one file without a token for a while: ours for `<img>` and `<audio>`, and those of an S3 server.

Within a step of time a URL stays the same, so that browsers can cache the file.
"""

import hmac
import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypedDict
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.core import signing

# Ours work for VALID_SECONDS at least and VALID_SECONDS + STEP_SECONDS at most.
STEP_SECONDS, VALID_SECONDS = 30 * 60, 60 * 60
PARAMETER = "t"
# S3's work for S3_VALID_SECONDS - S3_STEP_SECONDS at least and S3_VALID_SECONDS at most.
S3_STEP_SECONDS, S3_VALID_SECONDS = 5 * 60, 15 * 60
S3_ALGORITHM = "AWS4-HMAC-SHA256"


class SteppedSigner(signing.TimestampSigner):
    """Signs with the begin of the present step instead of the very second."""

    def timestamp(self) -> str:
        return signing.b62_encode(int(time.time()) // STEP_SECONDS * STEP_SECONDS)


def _signer() -> SteppedSigner:
    # The salt is part of every URL that was given away.
    return SteppedSigner(salt="storage.signatures")


def sign(path: str) -> str:
    """`/storage/…/a.png?t=…`: the signature is bound to the path and to a time."""
    return f"{path}?{PARAMETER}={_signer().sign(path).removeprefix(f'{path}:')}"


def is_signed(path: str, signature: str | None) -> bool:
    """Whether a text is a signature of this path that has not expired."""
    try:
        signed = _signer().unsign(f"{path}:{signature}", max_age=VALID_SECONDS + STEP_SECONDS)
    except (signing.BadSignature, ValueError):
        return False
    # A text with more before it may be the signature of a longer path that begins with this one.
    return signed == path


def media_url(url: str | None, public: bool) -> str | None:
    """A media URL for the client: signed, unless strangers may open it. None stays None.

    The caller must have made the URL itself: anybody can open what is signed.
    """
    if not url or public or settings.API_OPEN:
        return url
    return sign(url)


def unsigned(url: str) -> str:
    """A media URL without its signature, as rows hold it; any other URL as it is."""
    return url.partition("?")[0] if url and url.startswith(f"{settings.BUCKET_PREFIX}/") else url


# --- S3 --------------------------------------------------------------------------------------------------------


class S3Server(TypedDict):
    """How to reach a bucket. `setting`: the name of the setting with the server's address."""

    endpoint_url: str
    bucket: str
    key: str
    secret: str
    region: str
    setting: str


def s3_url(origin: str, server: S3Server, key: str, query: dict[str, str]) -> str:
    """The signed URL of an object at `origin`, the server's address for browsers. `query`: more parameters."""
    place = f"{origin}/{server['bucket']}/{quote(key)}"
    now = int(time.time()) // S3_STEP_SECONDS * S3_STEP_SECONDS
    return s3_signed(place, server, datetime.fromtimestamp(now, UTC), S3_VALID_SECONDS, query)


def s3_signed(place: str, server: S3Server, moment: datetime, seconds: int, query: dict[str, str]) -> str:
    """A URL signed for GET, valid for so many seconds from a moment on (UTC).

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    """
    time_of_day, day = moment.strftime("%Y%m%dT%H%M%SZ"), moment.strftime("%Y%m%d")
    scope = f"{day}/{server['region']}/s3/aws4_request"
    parameters = {
        **query,
        "X-Amz-Algorithm": S3_ALGORITHM,
        "X-Amz-Credential": f"{server['key']}/{scope}",
        "X-Amz-Date": time_of_day,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    asked = urlencode(sorted(parameters.items()), quote_via=quote, safe="")
    parts = urlsplit(place)
    request = "\n".join(("GET", parts.path, asked, f"host:{parts.netloc}", "", "host", "UNSIGNED-PAYLOAD"))
    text = "\n".join((S3_ALGORITHM, time_of_day, scope, sha256(request.encode()).hexdigest()))
    signature = _hmac(_signing_key(server, day), text).hex()
    return f"{place}?{asked}&X-Amz-Signature={signature}"


def _signing_key(server: S3Server, day: str) -> bytes:
    """The secret, bound to a day, a region and the service."""
    key = f"AWS4{server['secret']}".encode()
    for word in (day, server["region"], "s3", "aws4_request"):
        key = _hmac(key, word)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
