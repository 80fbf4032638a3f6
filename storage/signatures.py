"""Addresses that open by themselves for a while, for `<img>` and `<audio>`, which send no token.

`/storage/…/a.png?t=…`: the signature is bound to the path and to a time. It works for VALID_SECONDS at least and
VALID_SECONDS + STEP_SECONDS at most; within a step an address stays the same, so that browsers can keep the file.
"""

import time

from django.conf import settings
from django.core import signing

STEP_SECONDS, VALID_SECONDS = 30 * 60, 60 * 60
PARAMETER = "t"


class SteppedSigner(signing.TimestampSigner):
    """Signs with the begin of the present step instead of the very second."""

    def timestamp(self):
        return signing.b62_encode(int(time.time()) // STEP_SECONDS * STEP_SECONDS)


def _signer():
    return SteppedSigner(salt="storage.signatures")


def sign(path):
    """The path with a signature after it."""
    return f"{path}?{PARAMETER}={_signer().sign(path).removeprefix(f'{path}:')}"


def is_signed(path, signature):
    """Whether this text is a signature of this path that has not expired; None and any other text are not."""
    try:
        signed = _signer().unsign(f"{path}:{signature}", max_age=VALID_SECONDS + STEP_SECONDS)
    except (signing.BadSignature, ValueError):
        return False
    # With more before it, a text may be the signature of a longer path that begins with this one.
    return signed == path


def address(url, public):
    """The address to show for a file: signed, if strangers are not let in. None stays None.

    Whoever asks for it must have made the address: what is signed, anybody can open.
    """
    if not url or public or settings.API_OPEN:
        return url
    return sign(url)


def plain(url):
    """The address without a signature, as it is kept."""
    return url.partition("?")[0] if url and url.startswith(f"{settings.BUCKET_PREFIX}/") else url
