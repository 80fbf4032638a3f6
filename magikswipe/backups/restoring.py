"""Putting a backup in the place of what is here: all of it, or nothing.

Everything is read and checked before the first change. Rows change in one transaction, and the folders are renamed
within it; what goes wrong until its end puts the old folders back.
"""

from contextlib import contextmanager
from pathlib import Path

from django.core.cache import cache
from django.core.serializers.base import DeserializationError
from django.db import DatabaseError, transaction

from jobs import heartbeat
from jobs import services as jobs
from jobs.models import Job
from magikswipe.readiness import migrations_missing
from storage.archive import archive
from storage.bucket import bucket
from storage.staging import staging
from universes.models import Revision, Universe

from . import manifest, reading, rows
from .errors import Refused
from .moment import FOLDERS, check_folders

HALTED = "It was under way when the backup was made that has been restored; retry the job to go on."


def restore(path, force=False):
    """Replace all that is here by the backup at `path`; returns its manifest.

    Refused for a backup that is not whole or from other tables, while a worker runs, and where there is something
    already, unless `force`.
    """
    _check_here(force)
    manifest.check_tables(reading.check(path))
    with staging() as folder:
        said = reading.unpack(path, folder)
        try:
            with _swapped(folder), transaction.atomic():
                _replace_rows(folder)
                _swap(folder)
        except (DeserializationError, DatabaseError) as error:
            raise Refused(f"The backup's rows can't be put in, and nothing was changed: {error}") from None
    cache.clear()
    return said


def _check_here(force):
    check_folders()
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
        rows.replace_all(streams)
    except FileNotFoundError as error:
        raise Refused(f"The backup has no {Path(error.filename).name}; nothing was changed.") from None
    finally:
        for stream in streams.values():
            stream.close()
    rows.forget_the_rest()
    jobs.halt_all(HALTED)


def _swap(folder):
    for name, location in FOLDERS.items():
        here, there = location(), folder / name
        if here.exists():
            here.rename(folder / f"before-{name}")
        there.mkdir(exist_ok=True)
        here.parent.mkdir(parents=True, exist_ok=True)
        there.rename(here)


@contextmanager
def _swapped(folder):
    """Undo what `_swap` did if the block, and so the transaction within it, fails."""
    try:
        yield
    except BaseException:
        for name, location in FOLDERS.items():
            before = folder / f"before-{name}"
            if before.exists():
                if location().exists():
                    location().rename(folder / name)
                before.rename(location())
        raise
