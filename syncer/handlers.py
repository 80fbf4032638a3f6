"""Syncs as steps of a job: one universe each."""

import threading
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from jobs.handlers import Done, Handler, Permanent, StepRun
from universes.errors import NotFound

from . import restore, sync, unpublish
from .client import client
from .errors import SyncError
from .remote_rows import WholeTables
from .sync import Result

# The rows of a whole Supabase, read for one universe of a job, serve the next ones for so long.
FRESH = timedelta(seconds=120)


class SharedTables:
    """The tables that the steps of one job share, as long as they are fresh; of one job at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._job: UUID | None = None
        self._tables: WholeTables | None = None
        self._read_at = timezone.now()

    def of(self, step: StepRun) -> WholeTables:
        """The tables of a step's job; for a retried step, which has a later `due_at`, they are read anew."""
        with self._lock:
            age = timezone.now() - self._read_at
            is_old = self._read_at < step.due_at or not timedelta() <= age <= FRESH
            if self._tables is None or self._job != step.job_id or is_old:
                self._job, self._read_at = step.job_id, timezone.now()
                self._tables = WholeTables(client())
            return self._tables


_shared = SharedTables()


class SyncStep(Handler):
    """One universe; `params`: `slug`, `force`, `alone` (whether the job has no other universe)."""

    def advance(self, step: StepRun) -> Done:
        try:
            return Done(result=self.sync(step, **step.params))
        except SyncError as error:
            raise Permanent(error, result=error.facts) from None
        except NotFound as error:
            raise Permanent(error, result={"error": "NotFound"}) from None

    def sync(self, step: StepRun, slug: str, force: bool, alone: bool) -> Result:
        raise NotImplementedError

    def tables(self, step: StepRun, alone: bool) -> WholeTables | None:
        return None if alone else _shared.of(step)


class Push(SyncStep):
    def sync(self, step: StepRun, slug: str, force: bool, alone: bool) -> Result:
        tables = self.tables(step, alone)
        return sync.run_push(slug, force=force, tables=tables, author=step.job.author)


class Pull(SyncStep):
    def sync(self, step: StepRun, slug: str, force: bool, alone: bool) -> Result:
        tables = self.tables(step, alone)
        return sync.run_pull(slug, force=force, tables=tables, author=step.job.author)


class Restore(SyncStep):
    def sync(self, step: StepRun, slug: str, force: bool, alone: bool, revision: str = "") -> Result:
        return restore.run(revision, force=force, author=step.job.author)


class Unpublish(SyncStep):
    def sync(self, step: StepRun, slug: str, force: bool, alone: bool) -> Result:
        return unpublish.run(slug, author=step.job.author)
