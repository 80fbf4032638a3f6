"""The rows of Supabase: read per universe or table by table, and checked before anything else sees them.

Its tables are the operator's own: a column may have another type than our model, and Postgres holds times that Python
does not (https://www.postgresql.org/docs/current/datatype-datetime.html).
"""

import re
import reprlib
import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from storage.messages import gettext
from universes.names import is_slug
from universes.rows import TABLES, UNIVERS, UNIVERS_ASSETS, Row, Rows, Table

from .client import Supabase
from .errors import Damaged, RemoteError, Unreachable, WrongKey
from .transport import MissingTable

# Without these there is nothing to sync; any other table may be missing over there.
NEEDED = {UNIVERS.name, UNIVERS_ASSETS.name}
# Asked for where there is no parent yet, to see whether the table exists.
NOBODY: dict[str, Any] = {"univers_id": -1, "asset_id": "00000000-0000-0000-0000-000000000000"}

BIGINT, INTEGER = 2**63, 2**31
# Within these years a time stays one in every time zone that it is shown in.
YEARS = range(2, 9999)
# PostgreSQL stores no NUL, and half of a surrogate pair is no character of UTF-8.
NO_TEXT = re.compile("[\0\ud800-\udfff]")

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80


class WrongType(ValueError):
    """A value of another type than its column; the message names the right one."""


def to_row(table: Table, raw: Any) -> Row:
    """A row with our columns alone, as the local side has them; Damaged names the row and the column."""
    if not isinstance(raw, dict):
        raise Damaged(
            gettext("%(table)s has %(value)s in place of a row") % {"table": table.name, "value": shown(raw)}
        )
    return {
        column: value(table, column, raw)
        for column in table.columns
        if column in raw or is_needed(table, column)
    }


def value(table: Table, column: str, raw: Row) -> Any:
    """The value of a row's column; raises Damaged for one of the wrong type."""
    found = raw.get(column)
    try:
        if found is None and column in ("id", table.parent):
            raise WrongType(gettext("a value"))
        return None if found is None else _readers(table)[column](found)
    except WrongType as wrong:
        words = {
            "row": f"{table.name} {shown(raw.get('id'))}",
            "column": column,
            "value": shown(found),
            "kind": wrong,
        }
        raise Damaged(
            gettext("%(row)s has %(value)s as its %(column)s, which is not %(kind)s") % words
        ) from None


def is_needed(table: Table, column: str) -> bool:
    """Whether rows are told apart by the column; any other one that a table lacks is left out of the sync."""
    return column in ("id", table.parent, *table.natural)


def shown(found: Any) -> str:
    """A value in a sentence: short, and in printable characters."""
    return _short.repr(found)


@cache
def _readers(table: Table) -> dict[str, Callable[[Any], Any]]:
    return {column: READERS[_type(table, column)] for column in table.columns}


def _type(table: Table, column: str) -> str:
    field: Any = table.model._meta.get_field(table.attribute(column))
    return str((field.target_field if field.is_relation else field).get_internal_type())


def is_text(found: Any) -> bool:
    """Whether PostgreSQL can store it as a text."""
    return isinstance(found, str) and not NO_TEXT.search(found)


def is_whole(found: Any, limit: int) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and -limit <= found < limit


def _text(found: Any) -> str:
    if not is_text(found):
        raise WrongType(gettext("a text that can be stored"))
    return str(found)


def _integer(limit: int) -> Callable[[Any], int]:
    def read(found: Any) -> int:
        if not is_whole(found, limit):
            raise WrongType(gettext("a whole number of %(bits)s bits") % {"bits": limit.bit_length()})
        return int(found)

    return read


def _truth(found: Any) -> bool:
    if not isinstance(found, bool):
        raise WrongType(gettext("true or false"))
    return found


def _uuid(found: Any) -> str:
    try:
        if (text := str(uuid.UUID(found))) == found:
            return text
    except (ValueError, TypeError, AttributeError):
        pass
    raise WrongType(gettext("a UUID in its usual form"))


NO_TIME = gettext("a time between the years 2 and 9998")


def _time(found: Any) -> str:
    try:
        moment = datetime.fromisoformat(found)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        raise WrongType(NO_TIME) from None
    if moment.year not in YEARS:
        raise WrongType(NO_TIME)
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


class Tables:
    """The tables of Supabase as a sync reads them, and the columns that they lack, told from their rows."""

    def __init__(self, client: Supabase) -> None:
        self.client = client
        self._lacking: dict[str, frozenset[str]] = {}

    def where(self, table: Table, column: str, values: Collection[Any]) -> list[Any] | None:
        """The rows, unchecked, whose column holds one of the values; None when there is no such table."""
        raise NotImplementedError

    def lacking(self, table: Table, ask: bool) -> frozenset[str]:
        """Our columns that a table does not have. A table without rows is asked if `ask`, else said to have all.

        RemoteError for a column by which rows are told apart.
        """
        if table.name not in self._lacking and ask:
            self._note_lacking(table, self.client.lacking(table.name, table.columns))
        return self._lacking.get(table.name, frozenset())

    def seen(self, table: Table, rows: list[Any]) -> list[Any]:
        """Note the columns that none of these rows of the table has; returns the rows."""
        if rows and table.name not in self._lacking:
            self._note_lacking(table, frozenset(table.columns).difference(*filter(_is_row, rows)))
        return rows

    def ask(self, table: Table, column: str, values: Collection[Any]) -> list[Any]:
        """The rows whose column holds one of the values, by a request of their own; Damaged when others come."""
        rows = self.seen(table, self.client.select(table.name, column, values))
        for row in rows:
            if to_row(table, row)[column] not in values:
                raise Damaged(
                    gettext("%(table)s answers with a row that was not asked for: %(row)s")
                    % {"table": table.name, "row": shown(row)}
                )
        return rows

    def _note_lacking(self, table: Table, lacking: frozenset[str]) -> None:
        if needed := {column for column in lacking if is_needed(table, column)}:
            raise RemoteError(
                gettext(
                    "The table %(table)s in Supabase has no column %(column)s, without which nothing can "
                    "be synced."
                )
                % {"table": table.name, "column": min(needed)}
            )
        self._lacking[table.name] = lacking


class Queries(Tables):
    """Tables that are asked for each universe's rows."""

    def where(self, table: Table, column: str, values: Collection[Any]) -> list[Any] | None:
        try:
            return self.ask(table, column, values or [NOBODY[column]])
        except MissingTable:
            if table.name in NEEDED:
                raise
            return None


class WholeTables(Tables):
    """Tables that are read once and as a whole, with few requests for any number of universes.

    A table that can't be read so, or with a row that names no universe, is asked for each universe's rows: then only
    the universe with faulty rows fails, and no rows of others look deleted.
    """

    def __init__(self, client: Supabase) -> None:
        super().__init__(client)
        self._indexes: dict[tuple[str, str], Index | None] = {}
        self._lock = threading.Lock()

    def where(self, table: Table, column: str, values: Collection[Any]) -> list[Any] | None:
        index = self._index(table, column)
        if index is NO_INDEX:
            return self.ask(table, column, values) if values else []
        return None if index is None else [row for value in values for row in index[value]]

    def _index(self, table: Table, column: str) -> "Index | None":
        with self._lock:
            if (table.name, column) not in self._indexes:
                self._indexes[table.name, column] = self._read(table, column)
            return self._indexes[table.name, column]

    def _read(self, table: Table, column: str) -> "Index | None":
        index: Index = defaultdict(list)
        try:
            for row in self.seen(table, self.client.select(table.name)):
                if (key := _key(table, column, row)) is not None:
                    index[key].append(row)
        except MissingTable:
            if table.name in NEEDED:
                raise
            return None
        except (Unreachable, WrongKey):
            raise
        except RemoteError:
            return NO_INDEX
        return index


# Rows by the value of a column.
Index = dict[Any, list[Any]]
# For a table that has to be asked for each universe's rows.
NO_INDEX: Index = {}


def _is_row(row: Any) -> bool:
    return isinstance(row, dict)


def _key(table: Table, column: str, row: Any) -> Any:
    """The value of a row's column; None where a row has no parent. Raises Damaged where it can't be read."""
    if _is_row(row) and row.get(column, "") is None and column != "id":
        return None
    if not _is_row(row):
        return to_row(table, row)
    return value(table, column, row)


@contextmanager
def naming_universe(slug: str) -> Iterator[None]:
    """Errors of damaged rows in the block name their universe."""
    try:
        yield
    except Damaged as error:
        raise Damaged(
            gettext("'%(slug)s' is set aside: in Supabase, %(fault)s. Correct it there, and sync again.")
            % {"slug": slug, "fault": error}
        ) from None


def is_fit(universe: Row) -> bool:
    """Whether a row of `univers` has a name and a slug that can name a folder."""
    return is_slug(universe.get("slug") or "") and universe.get("name") is not None


def universes(client: Supabase) -> tuple[list[Row], list[str], dict[str, Damaged]]:
    """`(rows, reports, failed)` of all universes over there; one that is not fit is reported.

    `failed`: the errors of damaged rows, by slug, or by id where the slug can't be read.
    """
    rows: list[Row] = []
    failed: dict[str, Damaged] = {}
    found = client.select(UNIVERS.name)
    doubled = _doubled(found)
    for raw in found:
        try:
            rows.append(_universe(raw, doubled))
        except Damaged as error:
            failed[_called(raw)] = error
    fit = [row for row in rows if is_fit(row)]
    reports = [
        str(
            gettext("%(slug)s (id %(id)s) is left out: its slug or name can't be used here.")
            % {"slug": repr(str(row["slug"])[:100]), "id": row["id"]}
        )
        for row in rows
        if row not in fit
    ]
    return fit, reports, failed


def _universe(raw: Any, doubled: set[tuple[str, str]]) -> Row:
    """A checked row of `univers`; Damaged also when another one has its id or slug."""
    with naming_universe(_called(raw)):
        row = to_row(UNIVERS, raw)
        for column in ("id", "slug"):
            if (column, repr(row[column])) in doubled:
                raise _twice(UNIVERS, column, row[column])
    return row


def _doubled(rows: list[Any]) -> set[tuple[str, str]]:
    """`{(column, repr of value)}` of the ids and slugs that several of these rows have."""
    found = Counter(
        (column, repr(row[column]))
        for row in filter(_is_row, rows)
        for column in ("id", "slug")
        if row.get(column) is not None
    )
    return {told for told, times in found.items() if times > 1}


def _twice(table: Table, column: str, doubled: Any) -> Damaged:
    words = {"table": table.name, "column": column, "value": shown(doubled)}
    return Damaged(gettext("two rows of %(table)s have the %(column)s %(value)s") % words)


def _called(raw: Any) -> str:
    """The name of a row of `univers` in a sentence: its slug, else its id."""
    slug, row_id = (raw.get("slug"), raw.get("id")) if _is_row(raw) else (None, raw)
    return slug if isinstance(slug, str) and is_slug(slug) else f"id {shown(row_id)}"


def find(tables: Tables, slug: str | None, known_id: int | None = None) -> Row | None:
    """The row of a universe over there: by the id that we know, else by slug."""
    slug = slug if slug and is_slug(slug) else None
    for column, wanted in (("id", known_id), ("slug", slug)):
        if wanted is None:
            continue
        with naming_universe(slug or f"id {wanted}"):
            found = tables.where(UNIVERS, column, [wanted])
        if found:
            return _universe(found[0], _doubled(found))
    return None


def exists(tables: Tables, column: str, wanted: Any) -> bool:
    """Whether Supabase has a universe with this id or slug, even one with a damaged row."""
    try:
        return bool(tables.where(UNIVERS, column, [wanted]))
    except Damaged:
        return True


def rows_of(tables: Tables, slug: str, universe: Row | None) -> tuple[Rows, frozenset[str]]:
    """`(rows, names of missing tables)` of a universe, whose row `find` gave; None: Supabase does not have it."""
    with naming_universe(slug):
        return _rows_of(tables, universe)


def _rows_of(tables: Tables, universe: Row | None) -> tuple[Rows, frozenset[str]]:
    rows: Rows = {UNIVERS.name: tables.seen(UNIVERS, [universe] if universe else [])}
    missing = set()
    for table in TABLES[1:]:
        parents = rows[UNIVERS.name if table.parent == "univers_id" else UNIVERS_ASSETS.name]
        found = tables.where(table, table.parent or "", [row["id"] for row in parents])
        if found is None:
            missing.add(table.name)
        rows[table.name] = [to_row(table, row) for row in found or []]
        _check_ids(table, rows[table.name])
    return rows, frozenset(missing)


def _check_ids(table: Table, rows: list[Row]) -> None:
    for row_id, times in Counter(row["id"] for row in rows).items():
        if times > 1:
            raise _twice(table, "id", row_id)
