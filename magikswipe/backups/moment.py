"""One moment of rows and files together, held while both are read and everybody goes on working.

Nobody writes rows while the files are linked, or where they lie on a server, while those are copied that have changed
since a first copy of all. The rows are read later, from the state of that moment:
https://www.sqlite.org/isolation.html, https://www.postgresql.org/docs/current/transaction-iso.html
"""

from contextlib import contextmanager

from django.db import connections, transaction

from storage.staging import staging

from .places import places
from .rows import models

READER = "backup"


@contextmanager
def moment():
    """`(alias of the database connection to read rows from, folder with the files)`"""
    with staging() as folder:
        found = {folder / name: place for name, place in places().items()}
        for target, place in found.items():
            target.mkdir()
            place.fetch(target)
        with _reader():
            with _nobody_writes():
                # The first statement of a transaction chooses its moment.
                models()[0]._base_manager.using(READER).exists()
                for target, place in found.items():
                    place.hold(target)
            yield READER, folder


@contextmanager
def _reader():
    """A second connection in one long transaction that writes nothing and keeps nobody from writing."""
    reader = connections[READER] = connections["default"].copy(READER)
    if reader.vendor == "sqlite":
        reader.settings_dict["OPTIONS"] = {**reader.settings_dict["OPTIONS"], "transaction_mode": "DEFERRED"}
    try:
        with transaction.atomic(using=READER):
            if reader.vendor == "postgresql":
                with reader.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    finally:
        reader.close()
        del connections[READER]


@contextmanager
def _nobody_writes():
    """Hold all who write rows for a moment: SQLite has one writer, PostgreSQL locks the tables."""
    connection = connections["default"]
    with transaction.atomic():
        if connection.vendor == "postgresql":
            tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in models())
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {tables} IN SHARE MODE")
        yield
