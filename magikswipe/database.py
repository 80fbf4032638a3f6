"""The state of the database: it must answer, have all tables, and be the file that was opened."""

from pathlib import Path

from django.apps import apps
from django.core.signals import request_started
from django.db import DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.migrations.executor import MigrationExecutor

from api import failures

SILENT = "The database does not answer; see to it that it runs, and to DATABASE_URL."


def database_wrong() -> str:
    """A sentence that says what to do when the database does not answer or its file can't be used; empty if it can."""
    try:
        with connection.cursor() as cursor:
            # Without a table, SQLite would not look at its file.
            cursor.execute(
                "SELECT 1 FROM sqlite_master LIMIT 1" if connection.vendor == "sqlite" else "SELECT 1"
            )
    except DatabaseError as error:
        return said_of(error)
    return ""


def said_of(error: DatabaseError) -> str:
    failure = failures.find(error)
    return SILENT if failure in (None, failures.BUSY) else failure.sentence


def incomplete() -> str:
    """The same of its tables, once all migrations are said to be applied: each is asked for a row."""
    try:
        for model in apps.get_models():
            if model._meta.managed:
                model._base_manager.first()
    except DatabaseError as error:
        return said_of(error)
    return ""


def migrations_missing() -> list[str]:
    """The names of the migrations that wait to be applied, `app.name`."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def watch_file() -> None:
    """From now on each request finds the file that lies at SQLite's path, or that there is none.

    An open connection keeps the file that it opened: once that was removed or replaced, it would read from a deleted
    one, and lose what it writes there.
    """
    connection_created.connect(_remember, dispatch_uid=__name__)
    request_started.connect(_close_moved, dispatch_uid=__name__)


def _remember(connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    connection.opened_file = _file(connection)


def _close_moved(**kwargs: object) -> None:
    for one in connections.all(initialized_only=True):
        if one.connection and _file(one) != getattr(one, "opened_file", None):
            one.close()


def _file(connection: BaseDatabaseWrapper) -> tuple[int, int] | None:
    """The device and inode of a file; None where there is none, as for a server's database."""
    if connection.vendor != "sqlite":
        return None
    try:
        found = Path(connection.settings_dict["NAME"]).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
