"""The jobs of the old backend: they have ended, and only tell of what was."""

import json
import sqlite3
import uuid
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import types
from jobs.models import Job, State
from jobs.types import LEGACY

from . import source, values
from .recognition import JOBS
from .report import Report

BATCH = 500
CUT_OFF = gettext_noop(
    "It was under way when this installation moved in from the old backend; start it again."
)
UNKNOWN = gettext_noop("It failed, and the old backend did not say why.")
ENDED = {"completed": State.COMPLETED, "failed": State.FAILED, "cancelled": State.CANCELLED}


class Past:
    """Carries the old jobs; `slugs`: what a universe's slug is now, by the old one."""

    def __init__(self, old: sqlite3.Connection, slugs: dict[str, str], report: Report) -> None:
        self.old, self.slugs, self.report = old, slugs, report
        self.taken: set[uuid.UUID] = set()

    def carry(self) -> None:
        """Within a transaction of the new database."""
        made = [self._job(raw) for raw in source.rows(self.old, JOBS)]
        Job.objects.bulk_create(made, batch_size=BATCH)
        self.report.counts["jobs"] = len(made)

    def _job(self, raw: dict) -> Job:
        job = Job(id=self._id(raw), type=self._text(raw, "type"), univers_slug=self._slug(raw))
        job.message = self._text(raw, "message")
        job.total_steps, job.current_step = (
            self._number(raw, "total_steps"),
            self._number(raw, "current_step"),
        )
        job.result = self._result(raw)
        self._end(job, raw, self._text(raw, "status").strip().lower())
        if not types.exists(job.type):
            job.type, job.message = LEGACY, f"{job.type}: {job.message}" if job.message else job.type
        return job

    def _end(self, job: Job, raw: dict, status: str) -> None:
        """How it ended; what had not ended is failed."""
        job.status = ENDED.get(status, State.FAILED)
        job.started_at, ended = self._time(raw, "started_at"), self._time(raw, "completed_at")
        job.created_at = self._time(raw, "created_at") or job.started_at or ended or timezone.now()
        job.completed_at = ended or timezone.now()
        job.progress = 100 if job.status == State.COMPLETED else min(self._number(raw, "progress"), 99)
        if job.status == State.FAILED:
            job.error = self._error(raw) if status in ENDED else CUT_OFF

    def _error(self, raw: dict) -> str:
        """The sentence before a traceback; where there is none, the last line of it without the exception's name."""
        before, traceback, rest = self._text(raw, "error").partition("Traceback (most recent call last)")
        if not traceback or before.strip():
            return before.strip() or UNKNOWN
        name, _, said = rest.strip().splitlines()[-1].strip().partition(": ")
        return said or name

    def _id(self, raw: dict) -> uuid.UUID:
        found = values.read_uuid(raw["id"])
        if found is None or found in self.taken:
            found = uuid.uuid4()
            self.report.note(f"jobs {raw['id']}: its id is taken or no UUID; it is {found} now.")
        self.taken.add(found)
        return found

    def _slug(self, raw: dict) -> str:
        old = self._text(raw, "univers_slug")
        return self.slugs.get(old, old)

    def _text(self, raw: dict, column: str) -> str:
        return self._value(raw, column) or ""

    def _number(self, raw: dict, column: str) -> int:
        return self._value(raw, column) or 0

    def _time(self, raw: dict, column: str) -> datetime | None:
        return self._value(raw, column)

    def _value(self, raw: dict, column: str) -> object:
        field = Job._meta.get_field(column)
        try:
            return values.read(field, raw.get(column))
        except values.Unreadable as error:
            self.report.note(f"jobs {raw['id']}: {column} can't be {str(error)[:200]!r}, and is empty now.")
            return None

    def _result(self, raw: dict) -> object:
        said = raw.get("result")
        try:
            return None if said is None else values.read_json(said)
        except values.Unreadable:
            told = json.dumps(values.text(said), ensure_ascii=False)[:2000]
            self.report.note(f"jobs {raw['id']}: its result is no JSON, and is empty now. It was {told}")
            return None
