"""Putting a backup in the place of what is here: all of it, or nothing.

Everything is read and checked before the first change. The new files lie ready, out of sight, before the rows change in
one transaction. That holds the promise to put them in: it is kept at once, or by `finish`, whenever it broke off.
"""

import uuid
from contextlib import contextmanager
from pathlib import Path

from django.core.cache import cache
from django.core.serializers.base import DeserializationError
from django.db import DatabaseError, connection, transaction

from jobs import services as jobs
from jobs.models import Job, Worker
from magikswipe import accounts
from magikswipe.database import migrations_missing
from storage.archive import archive
from storage.bucket import bucket
from storage.errors import BucketUnreachable
from storage.messages import gettext
from storage.models import FileRecord
from storage.staging import staging
from universes import name_keys
from universes.models import Revision, Universe

from . import rows, tarball
from .places import folders, on_servers, places
from .tarball import Refused

# With a dot before, none is taken for the record of a file.
MARK = ".restored-"

UNFINISHED = (
    "A restore has put in the rows and not all files: keep web servers and workers stopped, and run: "
    "manage.py doctor --fix"
)
UNKNOWN = (
    "The database went away in the midst of it, and may have the rows or not: keep web servers and workers stopped, "
    "and restore once more."
)
HALTED = gettext("It was under way when the backup was made that has been restored; retry the job to go on.")


def restore(path, force=False):
    """Replace all that is here by the backup at `path`; returns its manifest.

    Refused for a backup that is not whole or from other tables, while a worker runs, and where there is something
    already, unless `force`.
    """
    try:
        _check_here(force)
        tarball.check_tables(tarball.check(path))
        # An unfinished earlier restore is replaced with the rest, its mark among the rows.
        with staging() as folder:
            said = tarball.unpack(path, folder)
            _replace(folder)
    except BucketUnreachable as error:
        raise Refused(f"Nothing was changed. {error}") from None
    cache.clear()
    return said


def _replace(folder):
    """Rows and files together: files are brought before the rows, and shown after them."""
    mark = uuid.uuid4().hex
    replacements = [place.replacement(folder / name, mark) for name, place in places().items()]
    try:
        with _undone_on_error(replacements, mark):
            for replacement in replacements:
                replacement.stage()
            with transaction.atomic():
                _replace_rows(folder)
                for replacement in replacements:
                    replacement.commit()
                FileRecord.objects.create(key=f"{MARK}{mark}", size=0, mtime_ns=0)
    except (DeserializationError, DatabaseError) as error:
        raise Refused(f"The backup's rows can't be put in, and nothing was changed: {error}") from None
    except BucketUnreachable:
        raise
    except OSError as error:
        raise Refused(f"The backup's files can't be brought here, and nothing was changed: {error}") from None
    try:
        for replacement in replacements:
            replacement.complete()
    except (BucketUnreachable, OSError) as error:
        raise Refused(f"{UNFINISHED} {error}") from None
    FileRecord.objects.filter(key=f"{MARK}{mark}").delete()


def unfinished():
    """Whether a restore has put in its rows and not all of its files."""
    owed = [place.promised(mark) for mark in _marks() for place in folders()]
    return any(place.owes() for place in (*on_servers(), *owed))


def finish():
    """Complete restores that broke off; returns how many there were."""
    finished = sum(place.finish() for place in on_servers())
    for mark in (marks := _marks()):
        for place in folders():
            place.promised(mark).complete()
        FileRecord.objects.filter(key=f"{MARK}{mark}").delete()
    cache.clear()
    return finished + len(marks)


def forgotten(older_than: float) -> list[Path]:
    """The leftovers of failed restores beside folders, untouched since then (epoch seconds)."""
    found = [path for place in folders() for path in place.brought() if path.stat().st_mtime < older_than]
    return [path for path in found if not any(mark in path.name for mark in _marks())]


def _marks() -> list[str]:
    """Of the restores whose rows are in: until all of their files are, a row among them."""
    keys = FileRecord.objects.filter(key__startswith=MARK).values_list("key", flat=True)
    return [key.removeprefix(MARK) for key in keys]


def _check_here(force):
    if migrations_missing():
        raise Refused("The database has not all tables yet; run: manage.py migrate")
    if Worker.alive().exists():
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
        before = accounts.revocations()
        rows.replace_all(streams)
        accounts.revoke_again(before)
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
                replacement.roll_back()
            raise
        if not isinstance(error, DatabaseError):
            raise


def _is_in(mark):
    connection.close_if_unusable_or_obsolete()
    try:
        return FileRecord.objects.filter(key=f"{MARK}{mark}").exists()
    except DatabaseError as error:
        raise Refused(f"{UNKNOWN} {error}") from None
