"""The sandbox's one SQLite file."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_OWN_TABLES = """
CREATE TABLE IF NOT EXISTS predictions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, model TEXT, version TEXT, kind TEXT,
    input TEXT, status TEXT, created_at REAL, ready_at REAL, deadline REAL, completed_at REAL, output TEXT,
    file TEXT, error TEXT, fault TEXT, origin TEXT, webhook TEXT, events TEXT
);
CREATE INDEX IF NOT EXISTS predictions_status ON predictions (status);
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, name TEXT, content_type TEXT, size INTEGER, created_at REAL
);
CREATE TABLE IF NOT EXISTS objects (
    id TEXT PRIMARY KEY, bucket TEXT, name TEXT, folded TEXT, blob TEXT, size INTEGER, etag TEXT,
    mimetype TEXT, cache_control TEXT, metadata TEXT, created_at REAL, updated_at REAL, UNIQUE (bucket, name)
);
CREATE INDEX IF NOT EXISTS objects_folded ON objects (bucket, folded);
CREATE TABLE IF NOT EXISTS sequences (name TEXT PRIMARY KEY, value INTEGER);
"""


class Database:
    """A single connection, used on the event loop only; every call is short."""

    def __init__(self, path: Path):
        self.connection = sqlite3.connect(path, isolation_level=None, cached_statements=512)
        self.connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=ON", "case_sensitive_like=ON"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.create_function("folded", 1, _folded, deterministic=True)
        self.connection.executescript(_OWN_TABLES)

    def rows(self, sql: str, values: Any = ()) -> list[dict[str, Any]]:
        return [dict(row) for row in self.connection.execute(sql, values)]

    def row(self, sql: str, values: Any = ()) -> dict[str, Any] | None:
        found = self.connection.execute(sql, values).fetchone()
        return dict(found) if found else None

    def value(self, sql: str, values: Any = ()) -> Any:
        found = self.connection.execute(sql, values).fetchone()
        return found[0] if found else None

    def run(self, sql: str, values: Any = ()) -> int:
        """Returns the number of changed rows."""
        return self.connection.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def close(self) -> None:
        self.connection.close()


def _folded(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text
