"""The changes that make one side equal to the other. Pure: nothing is read or written here."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypedDict

from django.utils.translation import gettext as _

from storage import messages
from storage.messages import Message, together
from universes.rows import TABLES, UNIVERS, UNIVERS_ASSETS, Row, Table

from .sides import TIMESTAMPS, File, Snapshot, lacks, names_of_cards, our_files

PUSH, PULL, UNPUBLISH, RESTORE = "push", "pull", "unpublish", "restore"
CREATE, UPDATE, DELETE = "create", "update", "delete"

# A plan may take away any of so few cards or files without force.
SAFE_UP_TO = 3

TIMES_OF_CHANGE = ("updated_at", "last_generated_at")


class RowChangeJson(TypedDict):
    table: str
    action: str
    id: Any
    name: str
    fields: dict[str, dict[str, Any]]


class FileChangeJson(TypedDict):
    name: str
    action: str
    size: int
    reason: str


# By action, and `same`.
Counts = dict[str, int]


class PlanCounts(TypedDict):
    rows: Counts
    files: Counts


class PlanJson(TypedDict):
    """As the API shows it; `ids`: by table, local ids that become those of Supabase."""

    slug: str
    direction: str
    empty: bool
    counts: PlanCounts
    needs_force: str
    rows: list[RowChangeJson]
    files: list[FileChangeJson]
    ids: dict[str, dict[Any, Any]]
    reports: list[str]


@dataclass(frozen=True)
class RowChange:
    """One row of the target: `row` as it will be (as it is, for a delete), `fields` as `{column: (old, new)}`.

    `old` is the target's row before an update. A new universe's children have None as their `univers_id`.
    """

    table: str
    action: str
    row: Row
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    old: Row = field(default_factory=dict)

    @property
    def id(self) -> Any:
        return self.row["id"]

    @property
    def values(self) -> Row:
        """The columns that an update writes: those that differ, and the times of change."""
        times = {
            column: self.row[column]
            for column in TIMES_OF_CHANGE
            if column in self.old.keys() & self.row.keys() and self.row[column] != self.old[column]
        }
        return times | {column: new for column, (_, new) in self.fields.items()}

    @property
    def name(self) -> str:
        """The part of its natural key that people know; empty for prompts."""
        return self.row.get("image_name") or self.row.get("language") or self.row.get("slug") or ""

    def to_dict(self) -> RowChangeJson:
        fields = {column: {"old": old, "new": new} for column, (old, new) in self.fields.items()}
        return {
            "table": self.table,
            "action": self.action,
            "id": self.id,
            "name": self.name,
            "fields": fields,
        }


@dataclass(frozen=True)
class FileChange:
    name: str
    action: str
    file: File
    reason: str

    def to_dict(self) -> FileChangeJson:
        return {"name": self.name, "action": self.action, "size": self.file.size, "reason": self.reason}


@dataclass
class Plan:
    """The changes of one universe. `rekeys`: ids that local rows take over from Supabase, `{table: {old: new}}`.

    `slug`: the one that the target has in the end. `is_private`: it pushes a private universe, whose files in
    Supabase anybody can open who knows their address. `becomes_private`: Supabase has no such universe yet, or a
    public one.
    """

    slug: str
    direction: str
    rows: list[RowChange] = field(default_factory=list)
    files: list[FileChange] = field(default_factory=list)
    rekeys: dict[str, dict[Any, Any]] = field(default_factory=dict)
    same_rows: int = 0
    same_files: int = 0
    reports: list[str] = field(default_factory=list)
    target_cards: int = 0
    target_files: int = 0
    is_private: bool = False
    becomes_private: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.rows or self.files or self.rekeys)

    @property
    def size(self) -> int:
        """The number of rows and files that change."""
        return len(self.rows) + len(self.files)

    def row_changes(self, action: str, table: str = "") -> list[RowChange]:
        return [c for c in self.rows if c.action == action and table in ("", c.table)]

    def in_the_way(self, table: Table) -> list[RowChange]:
        """The updated and deleted rows of a table whose natural key another row is about to get."""
        written = [*self.row_changes(CREATE, table.name), *self.row_changes(UPDATE, table.name)]
        wanted = {key_in_universe(table, change.row): change.id for change in written}
        present = [*self.row_changes(UPDATE, table.name), *self.row_changes(DELETE, table.name)]
        return [c for c in present if wanted.get(key_in_universe(table, c.old or c.row), c.id) != c.id]

    def file_changes(self, *actions: str) -> list[FileChange]:
        return [c for c in self.files if c.action in actions]

    def counts(self) -> PlanCounts:
        return {
            "rows": _counts(self.rows, self.same_rows),
            "files": _counts(self.files, self.same_files),
        }

    def needs_force(self) -> Message:
        """The reasons why it is refused without force, as sentences; empty when there are none."""
        return together(self._unpublishes(), self._takes_away())

    def _unpublishes(self) -> Message:
        if self.direction != UNPUBLISH:
            return Message()
        return messages.gettext(
            "Unpublishing takes '%(slug)s' away from all who use it; use force to do it."
        ) % {"slug": self.slug}

    def _takes_away(self) -> Message:
        """A sentence when more than half of the target's cards or files would go, from four up."""
        cards, files = len(self.row_changes(DELETE, UNIVERS_ASSETS.name)), len(self.file_changes(DELETE))
        parts = [
            words % {"gone": gone, "total": total}
            for words, gone, total in (
                (messages.gettext("%(gone)s of %(total)s cards"), cards, self.target_cards),
                (messages.gettext("%(gone)s of %(total)s files"), files, self.target_files),
            )
            if total > SAFE_UP_TO and gone * 2 > total
        ]
        if not parts:
            return Message()
        both = messages.gettext("%(cards)s and %(files)s") % {"cards": parts[0], "files": parts[-1]}
        here = self.direction in (PULL, RESTORE)
        return messages.gettext(
            "The %(direction)s of '%(slug)s' would take away %(parts)s %(where)s; look at the plan, and use force if "
            "that is meant."
        ) % {
            "direction": self.direction,
            "slug": self.slug,
            "parts": both if len(parts) > 1 else parts[0],
            "where": messages.gettext("here") if here else messages.gettext("in Supabase"),
        }

    def exposure(self) -> str:
        """One sentence on who can open the files of a private universe in Supabase; empty for any other plan."""
        if not self.is_private or self.is_empty:
            return ""
        return _(
            "'%(slug)s' is private, but whoever knows the address of one of its files in Supabase can open it."
        ) % {"slug": self.slug}

    def to_dict(self) -> PlanJson:
        return {
            "slug": self.slug,
            "direction": self.direction,
            "empty": self.is_empty,
            "counts": self.counts(),
            "needs_force": str(self.needs_force()),
            "rows": [change.to_dict() for change in self.rows],
            "files": [change.to_dict() for change in self.files],
            "ids": self.rekeys,
            "reports": self.reports,
        }


def _counts(changes: Iterable[RowChange | FileChange], same: int) -> Counts:
    counted = Counter(change.action for change in changes)
    return {action: counted[action] for action in (CREATE, UPDATE, DELETE)} | {"same": same}


def build(source: Snapshot, target: Snapshot, direction: str) -> Plan:
    """The Plan that makes the target equal to the source."""
    plan = Plan(
        source.slug,
        direction,
        reports=[*source.reports, *target.reports],
        target_cards=len(target.cards),
        target_files=len(target.files.keys() & our_files(source, target)),
        is_private=direction == PUSH and _is_private(source),
        becomes_private=direction == PUSH and _is_private(source) and not _is_private(target),
    )
    parents: dict[Any, Any] = {}
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


def _is_private(snapshot: Snapshot) -> bool:
    return snapshot.universe is not None and snapshot.universe["is_public"] is False


def _left_out(slug: str, table: Table, lacking: frozenset[str]) -> list[str]:
    return [
        _("%(slug)s: the column %(column)s is missing in Supabase and is left out.")
        % {"slug": slug, "column": f"{table.name}.{column}"}
        for column in sorted(lacking)
    ]


def key_in_universe(table: Table, row: Row) -> tuple[Any, ...]:
    """The natural key of a row among those of its universe, whose id may not be known yet."""
    parent = row[table.parent] if table.parent == "asset_id" else None
    return (parent, *(row.get(column) for column in table.natural))


class _Matching:
    """Pairs one table's rows. `parents`: ids of planned rows on the source, to those on the target.

    `lacking`: columns that one of the sides does not have; they are never written.
    """

    def __init__(self, plan: Plan, table: Table, parents: dict[Any, Any], lacking: frozenset[str]) -> None:
        self.plan, self.table, self.parents, self.lacking = plan, table, parents, lacking
        # Universe ids are each side's own.
        self.ids_differ = table is UNIVERS
        self.silent = {"id", "univers_id", *TIMESTAMPS} | ({"owner_id"} if plan.direction == PUSH else set())

    def run(self, source: Snapshot, target: Snapshot) -> None:
        """Plan the table's rows of two snapshots.

        A row that the source ignores is not deleted from the target. One that the target ignores is changed into
        the source's row of the same id.
        """
        name = self.table.name
        spared, spare = source.ignored.get(name, {}), target.ignored.get(name, {})
        self._match(source.rows.get(name, []), target.rows.get(name, []), spared, spare)

    def _match(
        self, source: list[Row], target: list[Row], spared: dict[Any, Row], spare: dict[Any, Row]
    ) -> None:
        target = [self._rekeyed_parent(row) for row in target]
        by_id = {} if self.ids_differ else {row["id"]: row for row in target}
        found = {row["id"]: by_id.get(row["id"]) for row in source}
        taken = {row["id"] for row in found.values() if row}
        free = {self._key(row): row for row in target if row["id"] not in taken}
        for row in source:
            moved = self._with_target_parent(row)
            old = found[row["id"]] or free.pop(self._key(moved), None) or spare.get(row["id"])
            self._pair(row, moved, old)
        gone = [row for row in free.values() if row["id"] not in spared]
        self.plan.rows += [RowChange(self.table.name, DELETE, row) for row in gone]

    def _key(self, row: Row) -> tuple[Any, ...]:
        # Both snapshots have one universe at most.
        return () if self.ids_differ else key_in_universe(self.table, row)

    def _rekeyed_parent(self, row: Row) -> Row:
        """On a pull, a local row with the id that its card will have."""
        if self.plan.direction == PUSH or self.table.parent != "asset_id":
            return row
        renamed = self.plan.rekeys.get(UNIVERS_ASSETS.name, {})
        return {**row, "asset_id": renamed.get(row["asset_id"], row["asset_id"])}

    def _with_target_parent(self, row: Row) -> Row:
        parent = self.table.parent
        return {**row, parent: self.parents.get(row[parent])} if parent else row

    def _pair(self, row: Row, moved: Row, old: Row | None) -> None:
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

    def _changes(self, column: str, old: Row, new: Row) -> bool:
        return column not in self.silent and column in old and column in new and old[column] != new[column]

    def _final_id(self, row: Row, old: Row | None) -> Any:
        if self.ids_differ:
            return old and old["id"]
        return old["id"] if old and self.plan.direction == PUSH else row["id"]

    def _rekey(self, row: Row, old: Row) -> None:
        if self.ids_differ or row["id"] == old["id"]:
            return
        local, remote = (row, old) if self.plan.direction == PUSH else (old, row)
        self.plan.rekeys.setdefault(self.table.name, {})[local["id"]] = remote["id"]


def _spared_files(source: Snapshot, target: Snapshot) -> set[str]:
    """The names of files of cards that the source ignores."""
    ids = source.ignored.get(UNIVERS_ASSETS.name, {})
    return names_of_cards(card for card in target.cards if card["id"] in ids)


def _plan_files(plan: Plan, source: Snapshot, target: Snapshot) -> None:
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
        (target.files.keys() - source.files.keys() - source.unread) & ours - _spared_files(source, target)
    ):
        plan.files.append(FileChange(name, DELETE, target.files[name], gone))
    for name in sorted((source.files.keys() | target.files.keys()) - mirrored):
        words = {"slug": plan.slug, "name": name}
        plan.reports.append(_("%(slug)s: %(name)s is left alone: it is no file of a card or song.") % words)
