"""The two sides of a sync, and a universe on one of them as plain values, from which plans are made."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.translation import gettext as _

from storage.names import is_safe_segment
from universes.models import LANGUAGES
from universes.names import THUMBNAIL, file_of, music_name, video_names
from universes.rows import TABLES, UNIVERS, UNIVERS_ASSETS, Row, Rows, Table

if TYPE_CHECKING:
    from .plan import Plan

# Carried on create, never compared: the sides do not agree on them.
TIMESTAMPS = {"created_at", "updated_at", "last_generated_at"}
# Columns that differ between sides of equal content.
OWN_TO_A_SIDE = {"id", "univers_id", "asset_id", "owner_id"} | TIMESTAMPS

# Files of a universe that belong to no card.
OUR_NAMES = {THUMBNAIL, *(music_name(language) for language in LANGUAGES)}
# Pictures and clips, also of a card that is gone.
OUR_FILE = re.compile(r"[0-9]{2,}_[A-Za-z0-9._-]+\.(png|mp4)", re.ASCII)
# Columns of a universe that may lead to a file of its folder.
ADDRESSES = ("thumbnail_url", "background_music")


@dataclass(frozen=True)
class File:
    """One file: size in bytes, digests in hex, empty where unknown. `key`: its path, if it is in a sub-folder."""

    name: str
    size: int
    md5: str = ""
    sha256: str = ""
    etag: str = ""
    key: str = ""

    @property
    def path(self) -> str:
        """Within the universe's folder."""
        return self.key or self.name

    def difference(self, other: "File") -> str:
        """The reason why the other one can't be taken to be equal; empty when it is."""
        if self.size != other.size:
            return f"size {other.size} to {self.size}"
        for mine, theirs in ((self.md5, other.md5), (self.sha256, other.sha256)):
            if mine and theirs:
                return "" if mine == theirs else "content"
        return "content not known to be the same"


Files = dict[str, File]


@dataclass(frozen=True)
class Snapshot:
    """A universe on one side; it has no rows at all where that side does not have it.

    `files`: by name. `reports`: sentences on what was left out. `missing`: tables that the side does not have.
    `lacking`: columns that it is known not to have, by table. `unread`: names of several different files, of which
    none can be chosen. `folder`: the folder of the files, if it is not called like the slug. `ignored`: rows beside
    `rows` that can't be mirrored and are not deleted either, by table and id.
    """

    slug: str
    rows: Rows = field(default_factory=dict)
    files: Files = field(default_factory=dict)
    reports: tuple[str, ...] = ()
    missing: frozenset[str] = frozenset()
    lacking: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    folder: str = ""
    ignored: Mapping[str, dict[Any, Row]] = field(default_factory=dict)

    @property
    def universe(self) -> Row | None:
        return next(iter(self.rows.get(UNIVERS.name, [])), None)

    @property
    def cards(self) -> list[Row]:
        return self.rows.get(UNIVERS_ASSETS.name, [])


class Source(Protocol):
    """One universe that can be read: on a side, or in a revision."""

    @property
    def snapshot(self) -> Snapshot:
        """As it was when it was first asked for."""
        ...

    def reading(self, file: File, staged: Path) -> AbstractContextManager[Path]:
        """The path of one of its files, for the block; one that is not on this machine is brought to `staged`."""
        ...


class Side(Source, Protocol):
    """One universe on one of the two sides, which a plan makes equal to the other one."""

    def apply(self, plan: "Plan", source: Source) -> None:
        """Write rows and files, and delete, in the order that the readers of this side need."""
        ...


def names_of_cards(cards: Iterable[Row]) -> set[str]:
    """The names that the pictures and clips of these rows may have."""
    pictures = {row["image_name"] for row in cards}
    return pictures | {clip for name in pictures if name for clip in video_names(name)}


def mirrorable(slug: str, rows: Mapping[str, list[Row]]) -> tuple[Rows, list[str]]:
    """The rows that can be mirrored, and sentences on the others.

    Those are: a language that is not ours, a card whose file name is none, all but the greatest id of rows with one
    natural key, and rows whose parent is gone.
    """
    reports: list[str] = []
    found: Rows = {}
    ids: defaultdict[str, set[Any]] = defaultdict(set)
    for table in TABLES:
        good: dict[tuple[Any, ...], Row] = {}
        for row in sorted(rows.get(table.name, []), key=lambda row: str(row["id"])):
            if reason := _unfit(table, row, ids):
                reports.append(_ignored(slug, table, row, reason))
                continue
            key = natural_key(table, row)
            if key in good:
                doubled = _("%(id)s doubles it") % {"id": row["id"]}
                reports.append(_ignored(slug, table, good[key], doubled))
            good[key] = row
        found[table.name] = list(good.values())
        ids[table.name] = {row["id"] for row in found[table.name]}
    return found, reports


def ignored(rows: Rows, mirrored: Rows) -> dict[str, dict[Any, Row]]:
    """The rows that `mirrorable` left out, by table and id."""
    ids = {name: {row["id"] for row in items} for name, items in mirrored.items()}
    return {name: {r["id"]: r for r in items if r["id"] not in ids[name]} for name, items in rows.items()}


def _ignored(slug: str, table: Table, row: Row, reason: str) -> str:
    words = {"slug": slug, "row": f"{table.name} {row['id']}", "reason": reason}
    return _("%(slug)s: %(row)s is left alone: %(reason)s.") % words


def natural_key(table: Table, row: Row) -> tuple[Any, ...]:
    """Rows of equal keys are one, whatever their ids."""
    return tuple(row.get(column) for column in (table.parent, *table.natural) if column)


def _unfit(table: Table, row: Row, ids: Mapping[str, set[Any]]) -> str:
    if table.parent == "asset_id" and row.get("asset_id") not in ids[UNIVERS_ASSETS.name]:
        return _("its card is left alone or gone")
    if "language" in table.natural and row.get("language") not in LANGUAGES:
        return _("%(value)s is not one of the five languages") % {"value": repr(row.get("language"))}
    if table is UNIVERS_ASSETS and not is_safe_segment(row.get("image_name") or ""):
        return _("%(value)s can't name a file") % {"value": repr(row.get("image_name"))}
    return ""


def our_files(*snapshots: Snapshot) -> set[str]:
    """The names of the snapshots' files that a card, a song or an address of any of them has."""
    named = OUR_NAMES.union(
        *(names_of_cards(snapshot.cards) | _addressed(snapshot) for snapshot in snapshots)
    )
    present: set[str] = set().union(*(snapshot.files for snapshot in snapshots))
    return {name for name in present if name in named or OUR_FILE.fullmatch(name)}


def _addressed(snapshot: Snapshot) -> set[str]:
    universe = snapshot.universe or {}
    return {file_of(universe.get(column)) for column in ADDRESSES}


def digest(snapshot: Snapshot, other: Snapshot) -> str:
    """A SHA-256 of the content of a snapshot, without ids and times; the digests of equal sides are equal.

    Tables and columns that one of the two does not have are left out, and so are files that are not ours.
    """
    missing = snapshot.missing | other.missing
    image_names = {row["id"]: row["image_name"] for row in snapshot.cards}
    rows = {
        table.name: sorted(
            json.dumps(
                [image_names.get(row.get("asset_id")), _content(row, lacks(table, snapshot, other))],
                sort_keys=True,
            )
            for row in snapshot.rows.get(table.name, [])
        )
        for table in TABLES
        if table.name not in missing
    }
    ours = our_files(snapshot, other) - snapshot.unread - other.unread
    files = sorted([f.name, f.size, f.md5 or f.etag] for f in snapshot.files.values() if f.name in ours)
    return hashlib.sha256(json.dumps([rows, files], sort_keys=True).encode()).hexdigest()


def lacks(table: Table, *snapshots: Snapshot) -> frozenset[str]:
    """The columns of a table that one of the sides does not have."""
    return frozenset().union(*(snapshot.lacking.get(table.name, ()) for snapshot in snapshots))


def _content(row: Row, lacking: frozenset[str]) -> Row:
    return {column: value for column, value in row.items() if column not in OWN_TO_A_SIDE | lacking}
