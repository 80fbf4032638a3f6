"""The header by which a call that is sent again is told from one that is meant again.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError

HEADER = "Idempotency-Key"
LENGTH = 64

IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "maxLength": LENGTH},
    OpenApiParameter.HEADER,
    description="A text of your own, a UUID for instance: whoever sends it again gets the job that it started first, "
    "or the copy that it made, and nothing is bought or made twice. 400 when it was used for something else.",
)


def idempotency_key(request):
    """The header's text, '' where there is none; ValidationError for one that is too long or unprintable."""
    key = request.headers.get(HEADER, "")
    if len(key) > LENGTH or not key.isprintable():
        raise ValidationError(
            {HEADER: [f"{HEADER} takes at most {LENGTH} characters, all of them printable."]}
        )
    return key
