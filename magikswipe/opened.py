"""SQLite's file when it is removed or replaced below a running process.

An open connection keeps the file that it opened: it would read from a deleted one, and lose what it writes there.
"""

from pathlib import Path

from django.core.signals import request_started
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


def watch() -> None:
    """From now on each request finds the file that lies at the database's path, or that there is none."""
    connection_created.connect(_remember, dispatch_uid=__name__)
    request_started.connect(_close_moved, dispatch_uid=__name__)


def _remember(connection: BaseDatabaseWrapper, **kwargs) -> None:
    connection.opened_file = _file(connection)


def _close_moved(**kwargs) -> None:
    for connection in connections.all(initialized_only=True):
        if connection.connection and _file(connection) != getattr(connection, "opened_file", None):
            connection.close()


def _file(connection: BaseDatabaseWrapper) -> tuple[int, int] | None:
    """The device and inode of a file; None where there is none, as for a server's database."""
    if connection.vendor != "sqlite":
        return None
    try:
        found = Path(connection.settings_dict["NAME"]).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
