"""Supabase's tables, their types, and how Postgres reads and writes their values."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sandbox.database import Database
from sandbox.rest_errors import RestError, bad_syntax, unknown_table
from sandbox.settings import Settings


@dataclass(frozen=True)
class Column:
    kind: str  # text, uuid, bigint, integer, boolean or timestamptz
    required: bool = False
    default: Callable[[], Any] | None = None
    parent: str | None = None


@dataclass(frozen=True)
class Table:
    name: str
    columns: dict[str, Column]
    unique: tuple[tuple[str, ...], ...] = (("id",),)

    def parents(self) -> dict[str, str]:
        """The foreign keys: column to table."""
        return {name: column.parent for name, column in self.columns.items() if column.parent}


def now() -> str:
    return _timestamp(datetime.now(UTC))


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _new_uuid() -> str:
    return str(uuid.uuid4())


TEXT, NEEDED_TEXT = Column("text"), Column("text", required=True)
UUID_KEY = Column("uuid", required=True, default=_new_uuid)
WHEN, SINCE = Column("timestamptz"), Column("timestamptz", default=now)
OF_UNIVERSE = Column("bigint", required=True, parent="univers")
OF_ASSET = Column("uuid", required=True, parent="univers_assets")

TABLES = {
    table.name: table
    for table in (
        Table(
            "univers",
            {
                "id": Column("bigint", required=True),
                "created_at": SINCE,
                "updated_at": SINCE,
                "name": NEEDED_TEXT,
                "slug": NEEDED_TEXT,
                "thumbnail_url": TEXT,
                "is_public": Column("boolean", default=lambda: 1),
                "owner_id": Column("uuid"),
                "background_music": TEXT,
                "background_color": TEXT,
            },
            (("id",), ("slug",)),
        ),
        Table(
            "univers_prompts",
            {
                "id": UUID_KEY,
                "univers_id": OF_UNIVERSE,
                "default_image_prompt": TEXT,
                "default_video_prompt": TEXT,
                "created_at": SINCE,
            },
        ),
        Table(
            "univers_translations",
            {"id": UUID_KEY, "univers_id": OF_UNIVERSE, "language": NEEDED_TEXT, "name": TEXT},
        ),
        Table(
            "univers_music_prompts",
            {
                "id": UUID_KEY,
                "univers_id": OF_UNIVERSE,
                "language": NEEDED_TEXT,
                "prompt": TEXT,
                "lyrics": TEXT,
                "created_at": SINCE,
            },
        ),
        Table(
            "univers_assets",
            {
                "id": UUID_KEY,
                "univers_id": OF_UNIVERSE,
                "sort_order": Column("integer"),
                "image_name": TEXT,
                "display_name": TEXT,
                "created_at": SINCE,
                "updated_at": SINCE,
            },
        ),
        Table(
            "univers_assets_prompts",
            {
                "id": UUID_KEY,
                "asset_id": OF_ASSET,
                "custom_image_prompt": TEXT,
                "custom_video_prompt": TEXT,
                "generation_count": Column("integer", default=lambda: 1),
                "last_generated_at": WHEN,
            },
        ),
        Table(
            "univers_assets_translations",
            {"id": UUID_KEY, "asset_id": OF_ASSET, "language": NEEDED_TEXT, "display_name": TEXT},
        ),
    )
}
_AFFINITY = {"bigint": "INTEGER", "integer": "INTEGER", "boolean": "INTEGER"}


def visible_table(name: str, settings: Settings) -> Table:
    """The table with the settings applied. Raises RestError for a missing one."""
    if name not in TABLES or name in settings.missing_tables:
        raise unknown_table(name)
    table, hidden = TABLES[name], settings.missing_columns.get(name, [])
    extra = {column: Column(kind) for column, kind in settings.extra_columns.get(name, {}).items()}
    columns = {column: item for column, item in (table.columns | extra).items() if column not in hidden}
    unique = (*table.unique, *map(tuple, settings.unique.get(name, [])))
    return replace(table, columns=columns, unique=unique)


def apply_schema(database: Database, settings: Settings) -> None:
    """Alters the SQLite tables as the settings say. Raises ValueError for an unknown table or type."""
    for name in (*settings.extra_columns, *settings.unique, *settings.missing_columns):
        if name not in TABLES:
            raise ValueError(f"there is no table {name}")
    for table in TABLES.values():
        database.run(_create_statement(table))
        for column, item in table.columns.items():
            if item.parent:
                database.run(f"CREATE INDEX IF NOT EXISTS {table.name}_{column} ON {table.name} ({column})")
        _apply_extra_columns(database, table, settings.extra_columns.get(table.name, {}))
        _apply_unique(database, table.name, settings.unique.get(table.name, []))


def _create_statement(table: Table) -> str:
    parts = [_definition(name, column) for name, column in table.columns.items()]
    parts += [f"UNIQUE ({', '.join(columns)})" for columns in table.unique if columns != ("id",)]
    return f"CREATE TABLE IF NOT EXISTS {table.name} ({', '.join(parts)})"


def _definition(name: str, column: Column) -> str:
    text = f"{name} {_AFFINITY.get(column.kind, 'TEXT')}"
    if name == "id":
        return f"{text} PRIMARY KEY NOT NULL"
    parent = f" REFERENCES {column.parent} (id) ON DELETE CASCADE" if column.parent else ""
    return text + (" NOT NULL" if column.required else "") + parent


def _apply_extra_columns(database: Database, table: Table, extra: dict[str, str]) -> None:
    there = {row["name"] for row in database.rows(f"PRAGMA table_info({table.name})")}
    for column, kind in extra.items():
        if kind not in CONVERTERS or not column.isidentifier():
            raise ValueError(f"column {column} needs one of the types {', '.join(CONVERTERS)}, not {kind}")
        if column not in there:
            database.run(f"ALTER TABLE {table.name} ADD COLUMN {_definition(column, Column(kind))}")
    for column in there - set(table.columns) - set(extra):
        database.run(f"ALTER TABLE {table.name} DROP COLUMN {column}")


def _apply_unique(database: Database, table: str, groups: list[list[str]]) -> None:
    names = [f"extra_{table}_{'_'.join(group)}" for group in groups]
    sql = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND name LIKE 'extra_%'"
    for row in database.rows(sql, (table,)):
        if row["name"] not in names:
            database.run(f"DROP INDEX {row['name']}")
    for name, group in zip(names, groups, strict=True):
        database.run(f"CREATE UNIQUE INDEX IF NOT EXISTS {name} ON {table} ({', '.join(group)})")


def empty_tables(database: Database, more: tuple[str, ...]) -> None:
    with database.transaction():
        for name in (*reversed(TABLES), *more):
            database.run(f"DELETE FROM {name}")


def _to_integer(value: Any, kind: str) -> int:
    try:
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise ValueError
        number = int(value)
    except (ValueError, TypeError) as error:
        raise bad_syntax(kind, value) from error
    bits = 63 if kind == "bigint" else 31
    if not -(2**bits) <= number < 2**bits:
        raise RestError(400, "22003", f'value "{value}" is out of range for type {kind}')
    return number


def _to_uuid(value: Any, kind: str) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError as error:
        raise bad_syntax(kind, value) from error


def _to_boolean(value: Any, kind: str) -> int:
    text = str(value).lower()
    if text in ("true", "t", "yes", "on", "1"):
        return 1
    if text in ("false", "f", "no", "off", "0"):
        return 0
    raise bad_syntax(kind, value)


def _to_timestamp(value: Any, kind: str) -> str:
    try:
        moment = datetime.fromisoformat(str(value).strip().replace(" ", "T", 1).replace(" ", "+"))
    except ValueError as error:
        raise bad_syntax("timestamp with time zone", value, "22007") from error
    return _timestamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _to_text(value: Any, kind: str) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    if "\0" in text:
        raise RestError(
            400, "22P05", "unsupported Unicode escape sequence", "\\u0000 cannot be converted to text."
        )
    return text


CONVERTERS: dict[str, Callable[[Any, str], Any]] = {
    "text": _to_text,
    "uuid": _to_uuid,
    "bigint": _to_integer,
    "integer": _to_integer,
    "boolean": _to_boolean,
    "timestamptz": _to_timestamp,
}


def to_stored(value: Any, column: Column) -> Any:
    """A value from JSON or a filter, as stored in SQLite. Raises RestError with Postgres's code."""
    return None if value is None else CONVERTERS[column.kind](value, column.kind)


def from_stored(value: Any, kind: str) -> Any:
    """A stored value as PostgREST's JSON shows it."""
    if value is None:
        return None
    if kind == "boolean":
        return bool(value)
    if kind == "timestamptz":
        whole, _, fraction = value.removesuffix("+00:00").partition(".")
        fraction = fraction.rstrip("0")
        return f"{whole}.{fraction}+00:00" if fraction else f"{whole}+00:00"
    return value
