"""What has to change on one side to make it equal to the other: computed, never done, here."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from universes.rows import TABLES, UNIVERS, UNIVERS_ASSETS

from .snapshots import TIMESTAMPS, lacks, names_of_cards, our_files

PUSH, PULL, UNPUBLISH, RESTORE = "push", "pull", "unpublish", "restore"
CREATE, UPDATE, DELETE = "create", "update", "delete"

# From so many cards or files up, losing more than half of them needs a word.
SAFE_UP_TO = 3

TIMES_OF_CHANGE = ("updated_at", "last_generated_at")


@dataclass(frozen=True)
class RowChange:
    """One row of the target: `row` as it will be (as it is, for a delete), `fields` as `{column: (old, new)}`.

    `old` is the target's row before an update. A new universe's children have None as their `univers_id`.
    """

    table: str
    action: str
    row: dict
    fields: dict = field(default_factory=dict)
    old: dict = field(default_factory=dict)

    @property
    def id(self):
        return self.row["id"]

    @property
    def values(self):
        """What an update writes: the fields that differ, and with them the times that tell of it."""
        times = {
            column: self.row[column]
            for column in TIMES_OF_CHANGE
            if column in self.old.keys() & self.row.keys() and self.row[column] != self.old[column]
        }
        return times | {column: new for column, (_, new) in self.fields.items()}

    def to_dict(self):
        name = self.row.get("image_name") or self.row.get("language") or self.row.get("slug") or ""
        fields = {column: {"old": old, "new": new} for column, (old, new) in self.fields.items()}
        return {"table": self.table, "action": self.action, "id": self.id, "name": name, "fields": fields}


@dataclass(frozen=True)
class FileChange:
    name: str
    action: str
    file: Any
    reason: str

    def to_dict(self):
        return {"name": self.name, "action": self.action, "size": self.file.size, "reason": self.reason}


@dataclass
class Plan:
    """The changes of one universe; `rekeys` are ids that local rows take over from Supabase, `{table: {old: new}}`."""

    slug: str
    direction: str
    rows: list = field(default_factory=list)
    files: list = field(default_factory=list)
    rekeys: dict = field(default_factory=dict)
    same_rows: int = 0
    same_files: int = 0
    reports: list = field(default_factory=list)
    target_cards: int = 0
    target_files: int = 0
    # Whether it pushes a private universe, whose files in Supabase anybody can open who knows their address.
    is_private: bool = False
    # Whether Supabase has no such universe yet, or a public one.
    becomes_private: bool = False

    @property
    def is_empty(self):
        return not (self.rows or self.files or self.rekeys)

    @property
    def size(self):
        """How many rows and files change."""
        return len(self.rows) + len(self.files)

    def row_changes(self, action, table=None):
        return [c for c in self.rows if c.action == action and table in (None, c.table)]

    def file_changes(self, *actions):
        return [c for c in self.files if c.action in actions]

    def counts(self):
        """`{"rows": {"create": n, "update": n, "delete": n, "same": n}, "files": {…}}`"""
        return {
            "rows": _counts(self.rows, self.same_rows),
            "files": _counts(self.files, self.same_files),
        }

    def needs_force(self):
        """What must be looked at before this is done, as sentences; empty when nothing speaks against it."""
        return " ".join(filter(None, (self._unpublishes(), self._takes_away())))

    def _unpublishes(self):
        if self.direction != UNPUBLISH:
            return ""
        return _("Unpublishing takes '%(slug)s' away from all who use it; use force to do it.") % {
            "slug": self.slug
        }

    def _takes_away(self):
        """Said when more than half of the target's cards or files would go, from four up."""
        cards, files = len(self.row_changes(DELETE, UNIVERS_ASSETS.name)), len(self.file_changes(DELETE))
        parts = [
            words % {"gone": gone, "total": total}
            for words, gone, total in (
                (_("%(gone)s of %(total)s cards"), cards, self.target_cards),
                (_("%(gone)s of %(total)s files"), files, self.target_files),
            )
            if total > SAFE_UP_TO and gone * 2 > total
        ]
        if not parts:
            return ""
        where = _("here") if self.direction in (PULL, RESTORE) else _("in Supabase")
        return _(
            "The %(direction)s of '%(slug)s' would take away %(parts)s %(where)s; look at the plan, and use force if "
            "that is meant."
        ) % {"direction": self.direction, "slug": self.slug, "parts": _(" and ").join(parts), "where": where}

    def exposure(self) -> str:
        """One sentence on who can open the files of a private universe in Supabase; empty for any other plan."""
        if not self.is_private or self.is_empty:
            return ""
        return _(
            "'%(slug)s' is private, but whoever knows the address of one of its files in Supabase can open it."
        ) % {"slug": self.slug}

    def to_dict(self):
        return {
            "slug": self.slug,
            "direction": self.direction,
            "empty": self.is_empty,
            "counts": self.counts(),
            "needs_force": self.needs_force(),
            "rows": [change.to_dict() for change in self.rows],
            "files": [change.to_dict() for change in self.files],
            "ids": self.rekeys,
            "reports": self.reports,
        }


def _counts(changes, same):
    counted = Counter(change.action for change in changes)
    return {action: counted[action] for action in (CREATE, UPDATE, DELETE)} | {"same": same}


def build(source, target, direction):
    """The Plan that makes the target snapshot equal to the source snapshot. Pure: nothing is read or written."""
    plan = Plan(
        source.slug,
        direction,
        reports=[*source.reports, *target.reports],
        target_cards=len(target.cards),
        target_files=len(target.files.keys() & our_files(source, target)),
        is_private=direction == PUSH and _is_private(source),
        becomes_private=direction == PUSH and _is_private(source) and not _is_private(target),
    )
    parents = {}
    for table in TABLES:
        if table.name in source.missing | target.missing:
            plan.reports.append(
                _("%(slug)s: the table %(table)s is missing in Supabase and is left out.")
                % {"slug": source.slug, "table": table.name}
            )
        else:
            lacking = lacks(table, source, target)
            plan.reports += _left_out(source.slug, table, lacking)
            _Matching(plan, table, parents, lacking).run(source, target)
    _plan_files(plan, source, target)
    if exposure := plan.exposure():
        plan.reports.append(exposure)
    return plan


def _is_private(snapshot):
    return bool(snapshot.universe) and snapshot.universe["is_public"] is False


def _left_out(slug, table, lacking):
    return [
        _("%(slug)s: the column %(column)s is missing in Supabase and is left out.")
        % {"slug": slug, "column": f"{table.name}.{column}"}
        for column in sorted(lacking)
    ]


class _Matching:
    """Pairs one table's rows. `parents`: the source's ids of rows planned so far, to those they have on the target.

    `lacking`: columns that one of the sides does not have, and that are never written.
    """

    def __init__(self, plan, table, parents, lacking):
        self.plan, self.table, self.parents, self.lacking = plan, table, parents, lacking
        # Our universe ids have nothing to do with Supabase's: they never pass from one side to the other.
        self.ids_differ = table is UNIVERS
        self.silent = {"id", "univers_id", *TIMESTAMPS} | ({"owner_id"} if plan.direction == PUSH else set())

    def run(self, source, target):
        """Plan the table's rows of two snapshots.

        A row that the source has and leaves alone is not deleted from the target. One that the target leaves alone
        is changed into the source's row of the same id.
        """
        name = self.table.name
        kept, spare = source.left_alone.get(name, {}), target.left_alone.get(name, {})
        self._match(source.rows.get(name, []), target.rows.get(name, []), kept, spare)

    def _match(self, source, target, kept, spare):
        target = [self._rekeyed_parent(row) for row in target]
        by_id = {} if self.ids_differ else {row["id"]: row for row in target}
        found = {row["id"]: by_id.get(row["id"]) for row in source}
        taken = {row["id"] for row in found.values() if row}
        free = {self._key(row): row for row in target if row["id"] not in taken}
        for row in source:
            moved = self._with_target_parent(row)
            old = found[row["id"]] or free.pop(self._key(moved), None) or spare.get(row["id"])
            self._pair(row, moved, old)
        # A row that was matched by its id has left `free` for good, one matched by its key too.
        gone = [row for row in free.values() if row["id"] not in kept]
        self.plan.rows += [RowChange(self.table.name, DELETE, row) for row in gone]

    def _key(self, row):
        """What stands for the row; a universe has been found by id or slug before."""
        if self.ids_differ:
            return ()
        parent = row[self.table.parent] if self.table.parent == "asset_id" else None
        return (parent, *(row.get(column) for column in self.table.natural))

    def _rekeyed_parent(self, row):
        """On a pull, a local row's card as it will be called."""
        if self.plan.direction == PUSH or self.table.parent != "asset_id":
            return row
        renamed = self.plan.rekeys.get(UNIVERS_ASSETS.name, {})
        return {**row, "asset_id": renamed.get(row["asset_id"], row["asset_id"])}

    def _with_target_parent(self, row):
        parent = self.table.parent
        return {**row, parent: self.parents.get(row[parent])} if parent else row

    def _pair(self, row, moved, old):
        final = self._final_id(row, old)
        self.parents[row["id"]] = final
        new = {c: value for c, value in moved.items() if c not in self.lacking} | {"id": final}
        if old is None:
            self.plan.rows.append(RowChange(self.table.name, CREATE, new))
            return
        self._rekey(row, old)
        fields = {c: (old[c], new[c]) for c in self.table.columns if self._changes(c, old, new)}
        if fields:
            self.plan.rows.append(RowChange(self.table.name, UPDATE, new, fields, old))
        else:
            self.plan.same_rows += 1

    def _changes(self, column, old, new):
        return column not in self.silent and column in old and column in new and old[column] != new[column]

    def _final_id(self, row, old):
        if self.ids_differ:
            return old and old["id"]
        return old["id"] if old and self.plan.direction == PUSH else row["id"]

    def _rekey(self, row, old):
        if self.ids_differ or row["id"] == old["id"]:
            return
        local, remote = (row, old) if self.plan.direction == PUSH else (old, row)
        self.plan.rekeys.setdefault(self.table.name, {})[local["id"]] = remote["id"]


def _kept(source, target):
    """The names of files of cards that stay because the source has them and leaves them alone."""
    alone = source.left_alone.get(UNIVERS_ASSETS.name, {})
    return names_of_cards(card for card in target.cards if card["id"] in alone)


def _plan_files(plan, source, target):
    ours = our_files(source, target)
    # A revision's files are all brought back, whatever they are called.
    mirrored = ours | source.files.keys() if plan.direction == RESTORE else ours
    for name in sorted(source.files.keys() & mirrored):
        file, old = source.files[name], target.files.get(name)
        if old is None:
            plan.files.append(FileChange(name, CREATE, file, "new"))
        elif reason := file.difference(old):
            plan.files.append(FileChange(name, UPDATE, file, reason))
        else:
            plan.same_files += 1
    gone = "gone in the revision" if plan.direction == RESTORE else "gone on the other side"
    for name in sorted(
        (target.files.keys() - source.files.keys() - source.unread) & ours - _kept(source, target)
    ):
        plan.files.append(FileChange(name, DELETE, target.files[name], gone))
    for name in sorted((source.files.keys() | target.files.keys()) - mirrored):
        words = {"slug": plan.slug, "name": name}
        plan.reports.append(_("%(slug)s: %(name)s is left alone: it is no file of a card or song.") % words)
