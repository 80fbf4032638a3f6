"""A value of the old database as one of our columns: SQLite keeps any type in any column."""

import uuid
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.db import models


class Unreadable(ValueError):
    """The value can't be one of this column."""


def read(field: models.Field, raw: object) -> object:
    """The value of a model's field; None for NULL. Times without an offset are UTC. Unreadable for another type."""
    if raw is None:
        return None
    if isinstance(field, models.BooleanField):
        return _boolean(raw)
    text = raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)
    try:
        value = field.to_python(text)
        field.run_validators(value)
        _check_size(field, value)
        return (
            value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)
            if isinstance(value, datetime)
            else value
        )
    except (ValidationError, ValueError, OverflowError):
        raise Unreadable(text) from None


def _check_size(field: models.Field, value: object) -> None:
    """SQLite takes more than the columns of PostgreSQL, ours and Supabase's, have room for."""
    bits = 63 if isinstance(field, models.BigIntegerField) else 31
    if isinstance(value, int) and not -(2**bits) <= value < 2**bits:
        raise Unreadable(str(value))


def _boolean(raw: object) -> bool:
    """Any number or word that says so."""
    known = {"0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}
    try:
        return known[str(raw).strip().lower()]
    except KeyError:
        raise Unreadable(str(raw)) from None


def read_uuid(raw: object) -> uuid.UUID | None:
    """The UUID that a text is, with or without hyphens; None for any other."""
    try:
        return uuid.UUID(str(raw).strip())
    except ValueError:
        return None


def key(raw: object) -> object:
    """What rows know each other's ids by: the UUID, else the text as it is."""
    return read_uuid(raw) or raw
