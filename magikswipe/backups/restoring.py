"""Putting a backup in the place of what is here: all of it, or nothing.

Everything is read and checked before the first change. Rows change in one transaction, and folders are renamed
within it; what goes wrong until its end puts the old folders back. On a server, the files lie ready by then, and the
transaction holds the promise to show them: it is kept at once, or by `finish`.
"""

import uuid
from contextlib import contextmanager
from pathlib import Path

from django.core.cache import cache
from django.core.serializers.base import DeserializationError
from django.db import DatabaseError, connection, transaction

from jobs import heartbeat
from jobs import services as jobs
from jobs.models import Job
from magikswipe import closing
from magikswipe.readiness import migrations_missing
from storage.archive import archive
from storage.bucket import bucket
from storage.errors import BucketUnreachable
from storage.models import FileRecord
from storage.staging import staging
from universes import name_keys
from universes.models import Revision, Universe

from . import manifest, reading, rows
from .errors import Refused
from .places import on_servers, places

UNFINISHED = (
    "A restore has put in the rows and not all files: keep web servers and workers stopped, and run: "
    "manage.py doctor --fix"
)
UNKNOWN = (
    "The database went away in the midst of it, and may have the rows or not: keep web servers and workers stopped, "
    "and restore once more."
)
HALTED = "It was under way when the backup was made that has been restored; retry the job to go on."


def restore(path, force=False):
    """Replace all that is here by the backup at `path`; returns its manifest.

    Refused for a backup that is not whole or from other tables, while a worker runs, and where there is something
    already, unless `force`.
    """
    try:
        _check_here(force)
        manifest.check_tables(reading.check(path))
        # What an earlier one owes is replaced with the rest, its promise among the rows.
        with staging() as folder:
            said = reading.unpack(path, folder)
            _replace(folder, [place.replacement(folder / name) for name, place in places().items()])
    except BucketUnreachable as error:
        raise Refused(f"Nothing was changed. {error}") from None
    cache.clear()
    return said


def _replace(folder, replacements):
    """Rows and files together; where the files lie on a server, they are brought before and shown after the rows."""
    mark = f".restored-{uuid.uuid4().hex}"
    try:
        with _undone_on_error(replacements, mark):
            for replacement in replacements:
                replacement.bring()
            with transaction.atomic():
                _replace_rows(folder)
                for replacement in replacements:
                    replacement.swap()
                FileRecord.objects.create(key=mark, size=0, mtime_ns=0)
    except (DeserializationError, DatabaseError) as error:
        raise Refused(f"The backup's rows can't be put in, and nothing was changed: {error}") from None
    FileRecord.objects.filter(key=mark).delete()
    try:
        for replacement in replacements:
            replacement.complete()
    except BucketUnreachable as error:
        raise Refused(f"{UNFINISHED} {error}") from None


def unfinished():
    """Whether a restore has put in its rows and, on a server, not all of its files."""
    return any(place.owes() for place in on_servers())


def finish():
    """Complete what a restore that broke off owes to a bucket on a server; returns how many there were."""
    finished = sum(place.finish() for place in on_servers())
    cache.clear()
    return finished


def _check_here(force):
    if migrations_missing():
        raise Refused("The database has not all tables yet; run: manage.py migrate")
    if heartbeat.alive().exists():
        raise Refused("A worker runs; stop workers and web servers, wait half a minute, and try again.")
    if not force and not is_empty():
        raise Refused("There is something here already, which a restore replaces; --force does so.")


def is_empty():
    """Whether there are no universes, jobs, revisions or files; accounts do not count."""
    has_rows = any(model.objects.exists() for model in (Universe, Job, Revision))
    return not has_rows and not bucket().folders() and not archive().folders()


def _replace_rows(folder):
    streams = {}
    try:
        for model in rows.models():
            lines = folder / "rows" / f"{model._meta.label}.jsonl"
            streams[model] = lines.open(encoding="utf-8")
        before = closing.closed()
        rows.replace_all(streams)
        closing.close_again(before)
    except FileNotFoundError as error:
        raise Refused(f"The backup has no {Path(error.filename).name}; nothing was changed.") from None
    finally:
        for stream in streams.values():
            stream.close()
    rows.forget_the_rest()
    name_keys.refresh()
    jobs.halt_all(HALTED)


@contextmanager
def _undone_on_error(replacements, mark):
    """Undo what was done to the files if the block, and so the transaction within it, fails.

    Not if the rows are in, which `mark` among them tells, and only the answer to COMMIT was lost.
    """
    try:
        yield
    except BaseException as error:
        if not _is_in(mark):
            for replacement in replacements:
                replacement.undo()
            raise
        if not isinstance(error, DatabaseError):
            raise


def _is_in(mark):
    connection.close_if_unusable_or_obsolete()
    try:
        return FileRecord.objects.filter(key=mark).exists()
    except DatabaseError as error:
        raise Refused(f"{UNKNOWN} {error}") from None
