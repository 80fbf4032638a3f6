"""What everything else stands on: settings, database, disk, bucket, the two services."""

from django.conf import settings
from django.core.checks import ERROR as CHECK_ERROR
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection

from generation import checks
from generation.errors import ProviderError
from jobs import heartbeat
from magikswipe.readiness import database_wrong, incomplete, migrations_missing
from storage.bucket import check_writable
from storage.errors import NotWritable
from storage.files import free_bytes
from syncer import services as syncer
from universes import name_keys

from .findings import ERROR, NOTE, Finding, note

LEAST_FREE = 500_000_000


def database():
    """What must be well before anything else can be looked at."""
    if wrong := database_wrong():
        yield Finding("no-database", wrong)
    elif missing := migrations_missing():
        yield Finding(
            "migrations-pending",
            f"{len(missing)} migrations wait; run: manage.py migrate",
            lambda: call_command("migrate", verbosity=0),
        )
    elif wrong := incomplete():
        yield Finding("database-incomplete", wrong)


def integrity():
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        wrong = [row[0] for row in cursor.fetchall() if row[0] != "ok"]
        cursor.execute("PRAGMA foreign_key_check")
        dangling = {row[0] for row in cursor.fetchall()}
    if wrong:
        yield Finding("database-damaged", f"The database is damaged ({wrong[0]}); restore the last backup.")
    if dangling:
        yield Finding(
            "dangling-rows",
            f"Rows of {', '.join(sorted(dangling))} belong to nothing; restore the last backup.",
        )


def names():
    """Names without a key: written past Django, by SQL or by an older version that still ran."""
    if number := sum(len(rows) for _model, rows in name_keys.unfitting()):
        yield Finding(
            "names-not-found",
            f"{number} names are not yet searched and sorted as they are written.",
            name_keys.refresh,
        )


def configuration():
    for message in run_checks():
        if not message.is_silenced():
            level = ERROR if message.level >= CHECK_ERROR else NOTE
            yield Finding("settings", f"{message.msg} {message.hint or ''}".strip(), level=level)
    if not settings.REPLICATE_API_TOKEN:
        yield note("no-replicate-key", "REPLICATE_API_TOKEN is not set: nothing can be generated.")
    if not (settings.SUPABASE_URL and settings.SUPABASE_SERVICE_ROLE_KEY):
        yield note("no-supabase-key", "SUPABASE_URL or its key is not set: nothing can be synced.")


def models():
    """Whether Replicate answers, and its models take what is sent to them."""
    if not settings.REPLICATE_API_TOKEN:
        return
    try:
        compared = checks.compare_all()
    except ProviderError as error:
        yield Finding("models-unknown", f"The AI models can't be looked at: {error}")
        return
    for one in compared:
        if one.differences:
            yield Finding("model-differs", f"{one.setting} ({one.model}): {one.differences[0]}")


def supabase():
    if settings.SUPABASE_URL and settings.SUPABASE_SERVICE_ROLE_KEY and not syncer.connected():
        yield Finding(
            "no-supabase", "Supabase does not admit us; see to SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY."
        )


def disk():
    free = free_bytes(settings.STORAGE_PATH)
    if free is not None and free < LEAST_FREE:
        yield Finding("disk-full", f"Only {free / 1e6:.0f} MB are free in STORAGE_PATH; make room.")


def bucket():
    """What files can be looked at without: not a bucket or archive that can't be written or does not answer."""
    try:
        check_writable()
    except NotWritable as error:
        yield Finding("bucket-not-writable", str(error))


def worker():
    if not heartbeat.alive().exists():
        yield note("no-worker", "No worker runs; jobs wait until one does: manage.py qcluster")
