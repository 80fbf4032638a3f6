"""Syncs as steps of a job: one universe each."""

import threading
from datetime import timedelta

from django.utils import timezone

from jobs.handlers import Done, Handler, Permanent
from jobs.models import JobStep
from universes.errors import NotFound

from . import remote, restore, syncs, unpublish
from .client import client
from .errors import SyncError

# How long the rows of a whole Supabase, read for one universe of a job, serve the next ones too.
FRESH = timedelta(seconds=120)


class SharedTables:
    """The whole tables that the steps of one job share, as long as they are fresh; those of one job at a time."""

    def __init__(self):
        self._lock = threading.Lock()
        self.forget()

    def forget(self):
        self._job, self._tables, self._read_at = None, None, timezone.now()

    def of(self, step: JobStep) -> remote.WholeTables:
        """Those of a step's job. Whoever tries a step again, which is due anew then, sees Supabase as it is then."""
        with self._lock:
            age = timezone.now() - self._read_at
            if self._job != step.job_id or self._read_at < step.due_at or not timedelta() <= age <= FRESH:
                self._job, self._read_at = step.job_id, timezone.now()
                self._tables = remote.WholeTables(client())
            return self._tables


_shared = SharedTables()


class SyncStep(Handler):
    """One universe; `params`: `slug`, `force`, `alone` (whether the job has no other universe)."""

    def advance(self, step):
        try:
            return Done(result=self.sync(step, **step.params))
        except SyncError as error:
            raise Permanent(str(error), result=error.facts) from None
        except NotFound as error:
            raise Permanent(str(error), result={"error": "NotFound"}) from None

    def tables(self, step, alone):
        return None if alone else _shared.of(step)


class Push(SyncStep):
    def sync(self, step, slug, force, alone):
        tables = self.tables(step, alone)
        return syncs.run_push(slug, force=force, tables=tables, author=step.job.author)


class Pull(SyncStep):
    def sync(self, step, slug, force, alone):
        tables = self.tables(step, alone)
        return syncs.run_pull(slug, force=force, tables=tables, author=step.job.author)


class Restore(SyncStep):
    def sync(self, step, slug, force, alone, revision):
        return restore.run(revision, force=force, author=step.job.author)


class Unpublish(SyncStep):
    def sync(self, step, slug, force, alone):
        return unpublish.run(slug, author=step.job.author)
