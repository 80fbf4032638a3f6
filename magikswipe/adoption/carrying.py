"""The rows of the seven mirrored tables and of past jobs, from the old database into the new one."""

import json
import sqlite3
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from django.utils import timezone

from jobs import types
from jobs.models import Job, State
from storage.messages import Message, gettext, literal
from universes.models import LANGUAGES
from universes.rows import TABLES, UNIVERS, UNIVERS_ASSETS, Table
from universes.services import copies

from . import LEGACY, media, source, values
from .media import Folder
from .recognition import JOBS
from .source import Report

BATCH = 500
NEVER = datetime.min.replace(tzinfo=UTC)
# The clock of a table, where it has one; of the others, a later row is the newer.
CLOCKS = ("updated_at", "created_at", "last_generated_at")
PARENTS = {"univers_id": "universe", "asset_id": "card"}
WHAT = {
    "univers": "universes",
    "univers_prompts": "default prompts",
    "univers_translations": "names of universes",
    "univers_music_prompts": "songs",
    "univers_assets": "cards",
    "univers_assets_prompts": "own prompts",
    "univers_assets_translations": "names of cards",
}
CUT_OFF = gettext("It was under way when this installation moved in from the old backend; start it again.")
UNKNOWN = gettext("It failed, and the old backend did not say why.")
ENDED = {"completed": State.COMPLETED, "failed": State.FAILED, "cancelled": State.CANCELLED}


@dataclass
class Row:
    """An old row: as it was, by column, and as it will be, by the model's attribute."""

    table: Table
    raw: dict
    new: dict

    def __str__(self) -> str:
        return f"{self.table.name} {self.raw['id']}"

    @property
    def identity(self) -> tuple:
        """The columns whose values only one row of ours may have."""
        columns = (self.table.parent, *self.table.natural)
        return tuple(self.new[self.table.attribute(column)] for column in columns if column)

    @property
    def rank(self) -> tuple:
        """Of several rows that stand for the same, the greatest counts: the newest that says something."""
        times = [self.new[clock] for clock in CLOCKS if self.new.get(clock)]
        return bool(self.words()), times[0] if times else NEVER, self.raw["rowid"]

    def words(self) -> dict:
        """The texts that people have typed, empty ones left out."""
        texts = {name: value for name, value in self.new.items() if isinstance(value, str)}
        return {name: text for name, text in texts.items() if name != "language" and text.strip()}


class Carrier:
    """Carries the rows, parents before children; `folders`: by the universe's id, once they have come."""

    def __init__(self, old: sqlite3.Connection, report: Report) -> None:
        self.old, self.report = old, report
        self.folders: dict[int, Folder] = {}
        # Ids in the old database, and the rows of the new one that they stand for.
        self.parents: dict[str, dict] = {"univers_id": {}, "asset_id": {}}

    def carry(self) -> None:
        """Within a transaction of the new database."""
        for table in TABLES:
            found = self._read(table)
            rows = self._SINGLED.get(table.name, Carrier._newest)(self, found)
            made = [table.model(**row.new) for row in rows]
            table.model.objects.bulk_create(made, batch_size=BATCH)
            self.report.counts[WHAT[table.name]] = len(made)

    def _read(self, table: Table) -> list[Row]:
        """The rows that have an id and a parent; the others are noted."""
        rows, taken = [], set()
        for raw in source.rows(self.old, table.name):
            row = Row(table, raw, {})
            if self._convert(row) and self._identify(row, taken):
                rows.append(row)
        return rows

    def _convert(self, row: Row) -> bool:
        for column in row.table.columns:
            if column not in ("id", row.table.parent):
                row.new[row.table.attribute(column)] = self._value(row, column)
        if row.table is UNIVERS:
            row.new |= {name: self._value(row, name) for name in ("supabase_id", "last_synced_at")}
        if parent := row.table.parent:
            row.new[row.table.attribute(parent)] = found = self._parent(row, parent)
            if found is None:
                self._left(row, f"its {PARENTS[parent]} {row.raw[parent]} is gone")
                return False
        if "language" in row.new and row.new["language"] not in LANGUAGES:
            self._left(row, f"{row.new['language']!r} is none of the five languages")
            return False
        return True

    def _value(self, row: Row, column: str) -> object:
        raw = row.raw.get(column)
        try:
            value = values.read(row.table.model._meta.get_field(row.table.attribute(column)), raw)
        except values.Unreadable as error:
            self.report.note(f"{row}: {column} can't be {str(error)[:200]!r}, and is empty now.")
            return None
        if isinstance(value, str) and "\ufffd" in value:
            self.report.note(f"{row}: {column} has bytes that are no text in UTF-8; they are \ufffd now.")
        return value.strip().lower() if column == "language" and value else value

    def _parent(self, row: Row, column: str) -> object:
        raw = row.raw[column]
        known = self.parents[column]
        return known.get(int(raw) if column == "univers_id" and str(raw).isdecimal() else values.key(raw))

    def _identify(self, row: Row, taken: set) -> bool:
        raw = row.raw["id"]
        if row.table is UNIVERS:
            return self._number(row)
        found = values.read_uuid(raw)
        if found is None or found in taken:
            found = uuid.uuid4()
            self.report.note(
                f"{row}: its id is {'taken' if values.read_uuid(raw) else 'no UUID'}; it is {found} now."
            )
        taken.add(found)
        row.new["id"] = found
        if row.table is UNIVERS_ASSETS:
            self.parents["asset_id"].setdefault(values.key(raw), found)
        return True

    def _number(self, row: Row) -> bool:
        """Give a universe its id; one below 1 is in no address of the admin, and is replaced by a free one."""
        row.new["id"] = raw = row.raw["id"]
        if not isinstance(raw, int):
            self._left(row, "its id is no number")
            return False
        if raw < 1:
            there = {number for (number,) in self.old.execute("SELECT id FROM univers")}
            there.update(self.parents["univers_id"].values())
            row.new["id"] = next(number for number in count(1) if number not in there)
            self.report.note(f"{row}: its id is below 1; it is {row.new['id']} now.")
        self.parents["univers_id"][raw] = row.new["id"]
        return True

    def _left(self, row: Row, reason: str) -> None:
        said = json.dumps(row.raw, ensure_ascii=False, default=repr)
        self.report.note(f"{row} is left behind: {reason}. It was {said}")

    def _newest(self, rows: list[Row]) -> Iterable[Row]:
        """Of rows that stand for the same, the newest that is not empty; the others are noted."""
        best: dict[tuple, Row] = {}
        for row in sorted(rows, key=lambda row: row.rank, reverse=True):
            winner = best.setdefault(row.identity, row)
            if winner is not row:
                self._left(row, f"{winner.raw['id']} stands for the same, and counts")
        return best.values()

    def _universes(self, rows: list[Row]) -> list[Row]:
        synced = set()
        for row in rows:
            if (number := row.new["supabase_id"]) in synced:
                self.report.note(f"{row}: another universe has its supabase_id {number}; it is empty now.")
                row.new["supabase_id"] = None
            synced.add(number)
            synced.discard(None)
        slugs = media.slugs([(row.new["slug"], row.new["name"]) for row in rows])
        for row, slug in zip(rows, slugs, strict=True):
            self._name_universe(row, slug)
        return rows

    def _name_universe(self, row: Row, slug: str) -> None:
        old = row.new["slug"]
        self.folders[row.new["id"]] = Folder(old or "", slug)
        if not (row.new["name"] or "").strip():
            self.report.note(f"{row}: it has no name, and is called '{old or slug}' now.")
            row.new["name"] = old or slug
        if slug != old:
            self.report.note(
                f"{row}: the slug {old!r} is not allowed; it is '{slug}' now, and its folder is copied."
            )
            row.new = copies.with_media_urls(row.new, old or "", slug) | {"slug": slug}

    def _cards(self, rows: list[Row]) -> list[Row]:
        of_universe = defaultdict(list)
        for row in rows:
            of_universe[row.new["universe_id"]].append(row)
        for universe, cards in of_universe.items():
            folder = self.folders[universe]
            olds = [card.new["image_name"] for card in cards]
            news = media.image_names(
                folder, [(card.new["image_name"], card.new["display_name"]) for card in cards]
            )
            for card, old, new in zip(cards, olds, news, strict=True):
                if old != new:
                    card.new["image_name"] = new
                    self.report.note(
                        f"{card} of '{folder.slug}': the file name {old!r} is not allowed or taken; "
                        f"it is '{new}' now, and the file is copied."
                    )
        return rows

    _SINGLED = {UNIVERS.name: _universes, UNIVERS_ASSETS.name: _cards}


class Past:
    """Carries the old jobs, which have all ended. `slugs`: what a universe's slug is now, by the old one."""

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

    def _error(self, raw: dict) -> Message:
        """The sentence before a traceback; where there is none, the last line of it without the exception's name."""
        before, traceback, rest = self._text(raw, "error").partition("Traceback (most recent call last)")
        if not traceback or before.strip():
            return literal(before.strip()) or UNKNOWN
        name, _, said = rest.strip().splitlines()[-1].strip().partition(": ")
        return literal(said or name)

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
        return str(self._value(raw, column) or "")

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
