"""Whether this installation can do its work: what a load balancer, or whoever is called at night, asks."""

import time

from django.apps import apps
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from api import failures
from jobs import heartbeat, waker
from storage import bucket
from storage.errors import NotWritable

SILENT = "The database does not answer; see to it that it runs, and to DATABASE_URL."
# A message that no worker took up for so long, in seconds.
QUEUE_BOUND = 60
# Whoever asks often must not have the disk written, and the migrations read, each time.
BUCKET_SECONDS, MIGRATIONS_SECONDS = 5, 60
# A server that does not answer keeps a thread for seconds, each time that it is asked.
FAILED_SECONDS = 2


def check():
    """`{name: sentence}` of each thing that must hold; the sentence says what to do, and is empty where it does."""
    wrong = database_wrong()
    try:
        return _without_database(wrong) if wrong else _check()
    except DatabaseError as error:
        return _without_database(_said_of(error))


def _without_database(wrong):
    unknown = "Not known without the database."
    return {
        "database": wrong,
        "migrations": unknown,
        "bucket": _remembered("bucket", BUCKET_SECONDS, _bucket),
        "queue": unknown,
        "worker": unknown,
    }


def _check():
    migrations = _remembered("migrations", MIGRATIONS_SECONDS, _migrations)
    unknown = "Not known before the migrations." if migrations else ""
    return {
        "database": "",
        "migrations": migrations,
        "bucket": _remembered("bucket", BUCKET_SECONDS, _bucket),
        "queue": unknown or _queue(),
        "worker": unknown or _worker(),
    }


def database_wrong() -> str:
    """A sentence that says what to do when the database does not answer or its file can't be used; empty if it can."""
    try:
        with connection.cursor() as cursor:
            # Without a table, SQLite would not look at its file.
            cursor.execute(
                "SELECT 1 FROM sqlite_master LIMIT 1" if connection.vendor == "sqlite" else "SELECT 1"
            )
    except DatabaseError as error:
        return _said_of(error)
    return ""


def _said_of(error):
    failure = failures.find(error)
    return SILENT if failure in (None, failures.BUSY) else failure.sentence


def incomplete() -> str:
    """The same of its tables, once all migrations are said to be applied: each is asked for a row."""
    try:
        for model in apps.get_models():
            if model._meta.managed:
                model._base_manager.first()
    except DatabaseError as error:
        return _said_of(error)
    return ""


def _remembered(name, seconds, look):
    """What was found is believed for so many seconds if all was well, and not for long if not."""
    found, told_at = cache.get(key := f"ready:{name}") or (None, 0)
    # A value written before the clock was set back would stay for as long as that.
    if found is None or told_at > time.time():
        found = look()
        cache.set(key, (found, time.time()), FAILED_SECONDS if found else seconds)
    return found


def migrations_missing():
    """The names of the migrations that wait to be applied, `app.name`."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def _migrations():
    missing = migrations_missing()
    return f"{len(missing)} migrations wait; run: manage.py migrate" if missing else incomplete()


def _bucket():
    try:
        bucket.check_writable()
        return ""
    except NotWritable as error:
        return str(error)


def _queue():
    age = waker.oldest_unclaimed()
    return f"A job has waited {age:.0f} s for a worker; start another." if age > QUEUE_BOUND else ""


def _worker():
    return "" if heartbeat.alive().exists() else "No worker runs; start one: manage.py qcluster"
