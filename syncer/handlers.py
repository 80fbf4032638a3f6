"""Syncs as steps of a job: one universe each."""

import threading
import time

from jobs.handlers import Handler
from jobs.outcomes import Done, Permanent
from universes.errors import NotFound

from . import remote, restore, syncs, unpublish
from .client import client
from .errors import SyncError

# How long the rows of a whole Supabase, read for one universe of a job, serve the next ones too.
FRESH_SECONDS = 120


class SharedTables:
    """The whole tables that the steps of one job share, as long as they are fresh; those of one job at a time."""

    def __init__(self):
        self._lock = threading.Lock()
        self.forget()

    def forget(self):
        self._job, self._tables, self._read_at = None, None, 0.0

    def of(self, job_id):
        with self._lock:
            if self._job != job_id or time.monotonic() - self._read_at > FRESH_SECONDS:
                self._job, self._tables, self._read_at = (
                    job_id,
                    remote.WholeTables(client()),
                    time.monotonic(),
                )
            return self._tables


_shared = SharedTables()


class SyncStep(Handler):
    """One universe; `params`: `slug`, `force`, `alone` (whether the job has no other universe)."""

    def advance(self, step):
        try:
            return Done(result=self.sync(step, **step.params))
        except SyncError as error:
            # Whoever tries again wants to see Supabase as it is then.
            _shared.forget()
            raise Permanent(str(error), result=error.facts) from None
        except NotFound as error:
            raise Permanent(str(error), result={"error": "NotFound"}) from None

    def tables(self, step, alone):
        return None if alone else _shared.of(step.job_id)


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
