"""Reading what takes several statements as it was at one moment.

https://www.sqlite.org/isolation.html, https://www.postgresql.org/docs/current/transaction-iso.html
"""

from contextlib import contextmanager

from django.db import connection

BEGIN = {
    "sqlite": "BEGIN DEFERRED",
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
}


@contextmanager
def one_moment():
    """All that the block reads is of one state of the database, whatever others write meanwhile; it writes nothing.

    Nobody waits for it: a transaction of Django's own would take SQLite's lock for writers.
    """
    if connection.in_atomic_block:
        yield
        return
    _say(BEGIN[connection.vendor])
    try:
        yield
    finally:
        _say("ROLLBACK")


def _say(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
