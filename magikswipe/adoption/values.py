"""A value of the old database as one of our columns: SQLite keeps any type in any column."""

import json
import re
import uuid
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.db import models

# PostgreSQL stores no NUL, and half of a surrogate pair is no character of UTF-8.
NO_TEXT = re.compile("[\0\ud800-\udfff]")


class Unreadable(ValueError):
    """The value can't be one of this column."""


def read(field: models.Field, raw: object) -> object:
    """The value of a model's field; None for NULL. Times without an offset are UTC. Unreadable for another type."""
    if raw is None:
        return None
    if isinstance(field, models.BooleanField):
        return _boolean(raw)
    said = text(raw)
    try:
        value = field.to_python(said)
        field.run_validators(value)
        _check_size(field, value)
        return (
            value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)
            if isinstance(value, datetime)
            else value
        )
    except (ValidationError, ValueError, OverflowError):
        raise Unreadable(said) from None


def text(raw: object) -> str:
    """A value as text."""
    return fit(raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw))


def fit(value: object) -> object:
    """The same value of JSON, without what PostgreSQL does not take: NUL, and halves of surrogate pairs."""
    if isinstance(value, dict):
        return {fit(key): fit(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [fit(inner) for inner in value]
    return NO_TEXT.sub("\ufffd", value) if isinstance(value, str) else value


def read_json(raw: object) -> object:
    """The value that a JSON text stands for. Unreadable for one that no database takes, such as NaN."""
    said = text(raw)
    try:
        value = fit(json.loads(said))
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        raise Unreadable(said) from None
    return value


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
    """An id in the form in which rows are compared: the UUID, else the text as it is."""
    return read_uuid(raw) or raw
