"""Checks of settings, database, disk, bucket, the two services, and abandoned jobs with their claims."""

from collections.abc import Iterator
from functools import partial

from django.conf import settings
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from generation import checks as model_checks
from generation import spending
from generation.errors import ProviderError
from jobs import lease, progress, waker
from jobs.models import ACTIVE, ENDED, Job, JobStep, State, Worker
from magikswipe import checks
from magikswipe.database import database_wrong, incomplete, migrations_missing
from storage.bucket import check_writable
from storage.errors import NotWritable
from storage.files import free_bytes
from storage.messages import gettext
from syncer import services as syncer
from universes import name_keys

from .findings import ERROR, NOTE, Finding, note, old

LEAST_FREE = 500_000_000
LOST = gettext("Its job had ended without it; retry the job to do it again.")


def database() -> Iterator[Finding]:
    """All other checks need a database that answers and has all tables."""
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


def integrity() -> Iterator[Finding]:
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


def names() -> Iterator[Finding]:
    """Names without a key: written past Django, by SQL or by an older version that still ran."""
    if number := sum(len(rows) for _model, rows in name_keys.unfitting()):
        yield Finding(
            "names-not-found",
            f"{number} names are not yet searched and sorted as they are written.",
            name_keys.refresh,
        )


def configuration() -> Iterator[Finding]:
    for message in run_checks():
        if not message.is_silenced():
            level = ERROR if message.is_serious() else NOTE
            yield Finding("settings", checks.sentence(message), level=level)
    if not settings.REPLICATE_API_TOKEN:
        yield note("no-replicate-key", "REPLICATE_API_TOKEN is not set: nothing can be generated.")
    if not (settings.SUPABASE_URL and settings.SUPABASE_SERVICE_ROLE_KEY):
        yield note("no-supabase-key", "SUPABASE_URL or its key is not set: nothing can be synced.")


def models() -> Iterator[Finding]:
    """Whether Replicate answers, and its models take what is sent to them."""
    if not settings.REPLICATE_API_TOKEN:
        return
    try:
        compared = model_checks.compare_all()
    except ProviderError as error:
        yield Finding("models-unknown", f"The AI models can't be looked at: {error}")
        return
    for one in compared:
        if one.differences:
            yield Finding("model-differs", f"{one.setting} ({one.model}): {one.differences[0]}")


def supabase() -> Iterator[Finding]:
    if settings.SUPABASE_URL and settings.SUPABASE_SERVICE_ROLE_KEY and not syncer.connected():
        yield Finding(
            "no-supabase", "Supabase does not admit us; see to SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY."
        )


def disk() -> Iterator[Finding]:
    free = free_bytes(settings.STORAGE_PATH)
    if free is not None and free < LEAST_FREE:
        yield Finding("disk-full", f"Only {free / 1e6:.0f} MB are free in STORAGE_PATH; make room.")


def bucket() -> Iterator[Finding]:
    """Checks of files need a bucket and an archive that answer and can be written."""
    try:
        check_writable()
    except NotWritable as error:
        yield Finding("bucket-not-writable", str(error))


def worker() -> Iterator[Finding]:
    if not Worker.alive().exists():
        yield note("no-worker", "No worker runs; jobs wait until one does: manage.py qcluster")


def stuck_jobs() -> Iterator[Finding]:
    """Active, without an owner, and nobody sent for for an hour though something is due."""
    due = JobStep.objects.filter(job=OuterRef("pk"), status__in=ACTIVE, due_at__lt=old())
    for job in _unowned().filter(Exists(due)):
        yield Finding(
            "stuck-job",
            f"Job {job.pk} ({job}) has waited for long; a worker is sent for.",
            partial(waker.send, job.pk),
        )


def unended_jobs() -> Iterator[Finding]:
    """All its steps have ended, it has not: its runner died before it could say so."""
    active = JobStep.objects.filter(job=OuterRef("pk"), status__in=ACTIVE)
    for job in _unowned().filter(~Exists(active), created_at__lt=old()):
        yield Finding(
            "unended-job", f"Job {job.pk} ({job}) is done and does not say so.", partial(progress.finish, job)
        )


def _unowned() -> QuerySet[Job]:
    silent = Q(message_sent_at__isnull=True) | Q(message_sent_at__lt=old()) | Q(waiting_since__lt=old())
    return Job.objects.filter(lease.free(timezone.now()), silent, status__in=ACTIVE)


def lost_steps() -> Iterator[Finding]:
    """Active steps of a job that has ended: nobody will ever look at them, and they keep others from their claim."""
    steps = JobStep.objects.filter(status__in=ACTIVE, job__status__in=ENDED, job__completed_at__lt=old())
    if number := steps.count():
        fixed = {"status": State.FAILED, "error": LOST, "completed_at": timezone.now(), "holds_slot": False}
        yield Finding(
            "lost-steps", f"{number} steps wait in jobs that have ended.", partial(steps.update, **fixed)
        )


def held_slots() -> Iterator[Finding]:
    steps = JobStep.objects.filter(holds_slot=True, status__in=ENDED)
    if number := steps.count():
        yield Finding(
            "held-slots",
            f"{number} steps that ended hold a place among the predictions in flight.",
            partial(steps.update, holds_slot=False),
        )


def open_charges() -> Iterator[Finding]:
    if number := sum(1 for charge, _step in spending.abandoned() if charge.created_at < old()):
        yield Finding(
            "open-charges",
            f"{number} charges are reserved for what nobody will buy any more.",
            spending.settle_abandoned,
        )
