"""The product on an old backend's folder, for tests of the adoption."""

import sqlite3
import uuid
from contextlib import closing
from datetime import datetime
from pathlib import Path

from tests.old_backend import OldBackend
from tests.stack import Stack
from universes.rows import UNIVERS

IDS = {"id", "asset_id"}
TIMES = {"created_at", "updated_at", "last_generated_at", "last_synced_at", "started_at", "completed_at"}


class Installation(Stack):
    """The product on an old storage folder, where nothing has been started yet."""

    def __init__(self, old: OldBackend, **env) -> None:
        super().__init__(old.folder.parent, migrated=False, STORAGE_PATH=str(old.folder), **env)
        self.old = old

    def migrate(self, *arguments, **env):
        self.env |= env
        return self.manage("migrate", *arguments, check=False)

    def beside(self, name: str) -> Path:
        return self.old.database.with_name(name)

    def report(self) -> str:
        return self.beside("local.adoption.txt").read_text()


def rows_of(database: Path, table: str, columns) -> list[tuple]:
    """The rows in a form that both databases have in common, sorted."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()  # noqa: S608
    return sorted(tuple(map(_common, columns, row)) for row in found)


def _common(column, value):
    if column in IDS and isinstance(value, str):
        return uuid.UUID(value).hex
    return str(datetime.fromisoformat(value)) if column in TIMES and value else str(value)


def columns_of(table):
    return [*table.columns, *(("supabase_id", "last_synced_at") if table is UNIVERS else ())]


def refused(done) -> str:
    """The one sentence with which a command ended, with code 3 and without a traceback."""
    assert (done.returncode, done.stdout) == (3, ""), (done.stdout, done.stderr)
    (line,) = done.stderr.splitlines()
    assert line.startswith("MagikSwipe cannot start: ")
    return line


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
