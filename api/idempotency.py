"""Idempotency keys: an order that is sent again with its key gets the answer of the first one.

The header: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from datetime import timedelta
from typing import TypeVar

from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from .models import IdempotencyKey

Answer = TypeVar("Answer", bound=Model)

HEADER = "Idempotency-Key"
LENGTH = IdempotencyKey.LENGTH

IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "maxLength": LENGTH},
    OpenApiParameter.HEADER,
    description="A text of your own, a UUID for instance: whoever sends it again gets the job that it started first, "
    "or the copy that it made, and nothing is bought or made twice. 400 when it was used for something else.",
)


class KeyRefused(Exception):
    """The key cannot be stored, or came with another order before."""


def idempotency_key(request: Request) -> str:
    """The header's text, '' where there is none; ValidationError for one that is too long or unprintable."""
    key = request.headers.get(HEADER, "")
    if not _fits(key):
        raise ValidationError(
            {HEADER: [f"{HEADER} takes at most {LENGTH} characters, all of them printable."]}
        )
    return key


def _fits(key: str) -> bool:
    return len(key) <= LENGTH and key.isprintable()


def find(key: str, order: str, answers: type[Answer]) -> Answer | None:
    """The row that the order of this key was answered with; None for a new or empty key, or when that row is gone.

    `order`: what is asked for, as a text. KeyRefused for another order than the key came with, and for a key that
    no column takes.
    """
    if not _fits(key):
        raise KeyRefused(
            _("An idempotency key has at most %(most)s characters, all of them printable.") % {"most": LENGTH}
        )
    row = IdempotencyKey.objects.filter(key=key).first() if key else None
    if row is None:
        return None
    answer = row.answer
    if answer is None:
        row.delete()
        return None
    if row.order != order or not isinstance(answer, answers):
        raise KeyRefused(
            _("The idempotency key '%(key)s' has been used for something else; send a new one.")
            % {"key": key}
        )
    return answer


def is_used(key: str) -> bool:
    return IdempotencyKey.objects.filter(key=key).exists()


def is_prefix_used(prefix: str) -> bool:
    return IdempotencyKey.objects.filter(key__startswith=prefix).exists()


def record(key: str, order: str, answer: Model, kept: timedelta | None = None) -> None:
    """Let this row be the answer to the order of this key: for a time, or for as long as the row is there.

    IntegrityError for a key that has an answer; nothing for the empty key.
    """
    if not key:
        return
    now = timezone.now()
    IdempotencyKey.objects.filter(expires_at__lt=now).delete()
    IdempotencyKey.objects.create(
        key=key, order=order, answer=answer, created_at=now, expires_at=kept and now + kept
    )
