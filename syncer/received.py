"""Rows and file entries as Supabase sends them, checked and made plain values: nothing else reads them.

Its tables are the operator's own: a column may have another type than our model, and Postgres holds times that Python
does not (https://www.postgresql.org/docs/current/datatype-datetime.html).
"""

import re
import reprlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.utils.translation import gettext, gettext_lazy

from universes.rows import Table

from .errors import Damaged

BIGINT, INTEGER = 2**63, 2**31
# Within these years a time stays one in every time zone that it is shown in.
YEARS = range(2, 9999)
# PostgreSQL stores no NUL, and half of a surrogate pair is no character of UTF-8.
NO_TEXT = re.compile("[\0\ud800-\udfff]")

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80


class Wrong(ValueError):
    """A value of another type than its column; the message says what it should be."""


def row(table: Table, raw: Any) -> dict[str, Any]:
    """The columns that we know of a row, as the local side writes them too; Damaged names the row and the column."""
    if not isinstance(raw, dict):
        raise Damaged(
            gettext("%(table)s has %(value)s in place of a row") % {"table": table.name, "value": shown(raw)}
        )
    return {
        column: value(table, column, raw)
        for column in table.columns
        if column in raw or needed(table, column)
    }


def value(table: Table, column: str, raw: dict[str, Any]) -> Any:
    """The value of a row's column; raises Damaged for one of the wrong type."""
    found = raw.get(column)
    try:
        if found is None and column in ("id", table.parent):
            raise Wrong(gettext("a value"))
        return None if found is None else _readers(table)[column](found)
    except Wrong as wrong:
        words = {
            "row": f"{table.name} {shown(raw.get('id'))}",
            "column": column,
            "value": shown(found),
            "kind": wrong,
        }
        raise Damaged(
            gettext("%(row)s has %(value)s as its %(column)s, which is not %(kind)s") % words
        ) from None


def needed(table: Table, column: str) -> bool:
    """Whether no row can do without a column, though another one that a table lacks is left out."""
    return column in ("id", table.parent, *table.natural)


def file(entry: Any) -> tuple[str, int, str]:
    """`(path within the folder, bytes, ETag without quotes)` of an entry of a listing; Damaged when it is none."""
    about = (entry.get("metadata") or {}) if isinstance(entry, dict) else None
    if not isinstance(about, dict) or not _is_text(entry.get("name")):
        raise Damaged(gettext("its listing has %(value)s in place of a file") % {"value": shown(entry)})
    size, etag = about.get("size") or 0, about.get("eTag") or ""
    if not _is_whole(size, BIGINT) or size < 0 or not _is_text(etag):
        words = {"file": entry["name"], "size": shown(size), "etag": shown(etag)}
        raise Damaged(
            gettext("its listing gives %(file)s the size %(size)s and the ETag %(etag)s, which can't be")
            % words
        )
    return entry["name"], size, etag.removeprefix("W/").strip('"')


def shown(found: Any) -> str:
    """A value for a sentence: short, and of printable characters."""
    return _short.repr(found)


@cache
def _readers(table: Table) -> dict[str, Callable[[Any], Any]]:
    return {column: READERS[_type(table, column)] for column in table.columns}


def _type(table: Table, column: str) -> str:
    field = table.model._meta.get_field(table.attribute(column))
    return (field.target_field if field.is_relation else field).get_internal_type()


def _is_text(found: Any) -> bool:
    return isinstance(found, str) and not NO_TEXT.search(found)


def _is_whole(found: Any, limit: int) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and -limit <= found < limit


def _text(found: Any) -> str:
    if not _is_text(found):
        raise Wrong(gettext("a text that can be stored"))
    return found


def _integer(limit: int) -> Callable[[Any], int]:
    def read(found: Any) -> int:
        if not _is_whole(found, limit):
            raise Wrong(gettext("a whole number of %(bits)s bits") % {"bits": limit.bit_length()})
        return found

    return read


def _truth(found: Any) -> bool:
    if not isinstance(found, bool):
        raise Wrong(gettext("true or false"))
    return found


def _uuid(found: Any) -> str:
    try:
        if str(uuid.UUID(found)) == found:
            return found
    except (ValueError, TypeError, AttributeError):
        pass
    raise Wrong(gettext("a UUID in its usual form"))


NO_TIME = gettext_lazy("a time between the years 2 and 9998")


def _time(found: Any) -> str:
    try:
        moment = datetime.fromisoformat(found)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        raise Wrong(NO_TIME) from None
    if moment.year not in YEARS:
        raise Wrong(NO_TIME)
    return moment.isoformat()


READERS: dict[str, Callable[[Any], Any]] = {
    "TextField": _text,
    "BigAutoField": _integer(BIGINT),
    "BigIntegerField": _integer(BIGINT),
    "IntegerField": _integer(INTEGER),
    "BooleanField": _truth,
    "UUIDField": _uuid,
    "DateTimeField": _time,
}
