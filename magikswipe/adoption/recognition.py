"""Tells our SQLite databases from the old backend's and others, before Django opens and so changes the file."""

import sqlite3
from contextlib import closing
from enum import Enum
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from universes.rows import TABLES


class Refused(ImproperlyConfigured):
    """The database can't be taken as it is; the text is one sentence, and a start ends with it and exit code 3."""


class Whose(Enum):
    OURS = "ours, or empty"
    OLD = "the old backend's"
    FOREIGN = "somebody else's, with tables that are called as ours"


# The columns without which an old table is none; it has more.
NEEDED = {
    table.name: {column for column in ("id", table.parent, *table.natural) if column} for table in TABLES
}
JOBS, JOBS_NEEDED = "jobs", {"id", "type", "status"}

NO_DATABASE = "{path} is no SQLite database that can be read ({reason}); put a whole copy of it there."
FOREIGN = (
    "{path} is neither MagikSwipe's database nor the old backend's, and has a table '{table}' already; "
    "name another place with STORAGE_PATH or DATABASE_URL."
)
ELSEWHERE = (
    "STORAGE_PATH has the old backend's database, {path}, and {setting} leads elsewhere; docs/moving.md tells how to "
    "bring it there. If it is not to be adopted, move it away."
)
NOT_ADOPTED = (
    "{path} is the old backend's database; run: manage.py migrate, which adopts it (docs/moving.md)."
)


def database_path() -> Path | None:
    """The SQLite file that the settings name; None for another engine, or a database in memory."""
    database = settings.DATABASES["default"]
    is_file = database["ENGINE"].endswith("sqlite3") and not str(database["NAME"]).startswith(("file:", ":"))
    return Path(database["NAME"]).resolve() if is_file else None


def old_database() -> Path | None:
    """The old database that `migrate` is to adopt, None where there is none.

    Refused for a database that has tables which stand in our way or that can't be read, and for an old one that the
    settings would leave aside.
    """
    path, usual = database_path(), (Path(settings.STORAGE_PATH) / "db" / "local.db").resolve()
    found = _looked_at(path) if path else Whose.OURS
    if found is Whose.FOREIGN:
        raise Refused(FOREIGN.format(path=path, table=sorted(_in_the_way(path))[0]))
    if path != usual and _looked_at(usual) is Whose.OLD:
        raise Refused(ELSEWHERE.format(path=usual, setting="DATABASE_URL"))
    if found is Whose.OLD and settings.BUCKET_URL:
        raise Refused(ELSEWHERE.format(path=path, setting="BUCKET_URL"))
    return path if found is Whose.OLD else None


def refuse_until_adopted() -> None:
    """Refused for a database that only `migrate` may open; one that can't be read is for others to tell."""
    path = database_path()
    found = _whose_if_readable(path)
    if found is Whose.FOREIGN:
        raise Refused(FOREIGN.format(path=path, table=sorted(_in_the_way(path))[0]))
    if found is Whose.OLD:
        raise Refused(NOT_ADOPTED.format(path=path))


def is_old() -> bool:
    return _whose_if_readable(database_path()) is Whose.OLD


def _whose_if_readable(path: Path | None) -> Whose | None:
    try:
        return whose(path) if path else None
    except sqlite3.Error:
        return None


def _looked_at(path: Path) -> Whose:
    try:
        return whose(path)
    except sqlite3.Error as error:
        raise Refused(NO_DATABASE.format(path=path, reason=error)) from None


def whose(path: Path) -> Whose:
    """The owner of the database; a missing file is ours. Raises sqlite3.Error for one that can't be read."""
    if not path.is_file() or not (in_the_way := _in_the_way(path)):
        return Whose.OURS
    is_old = all(_columns(path, table) >= columns for table, columns in NEEDED.items())
    fits = JOBS not in in_the_way or _columns(path, JOBS) >= JOBS_NEEDED
    # Of the rest, a migrate that broke off may have made some, but then its records name them.
    return Whose.OLD if is_old and fits and in_the_way <= {*NEEDED, JOBS} else Whose.FOREIGN


def _in_the_way(path: Path) -> set[str]:
    """The tables called as ours that no migration of ours has made."""
    there = {
        name for (name,) in _asked(path, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    }
    recorded = "django_migrations" in there
    migrated = {app for (app,) in _asked(path, "SELECT app FROM django_migrations")} if recorded else set()
    models = apps.get_models(include_auto_created=True)
    ours = {model._meta.db_table for model in models if model._meta.app_label not in migrated}
    return there & ours


def _columns(path: Path, table: str) -> set[str]:
    return {name for (name,) in _asked(path, "SELECT name FROM pragma_table_info(?)", table)}


def _asked(path: Path, statement: str, *values: str) -> list[tuple]:
    """Rows of the file, which is not changed; but for what a killed program has left to be undone."""
    try:
        return _read(path, "ro", statement, values)
    except sqlite3.OperationalError as error:
        # Its journal says what is to be undone first: https://www.sqlite.org/rescode.html#readonly_rollback
        if error.sqlite_errorcode not in (sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY):
            raise
        return _read(path, "rw", statement, values)


def _read(path: Path, mode: str, statement: str, values: tuple) -> list[tuple]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, timeout=5)) as connection:
        return connection.execute(statement, values).fetchall()
