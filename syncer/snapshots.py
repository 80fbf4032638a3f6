"""A universe on one side, as plain values: what the plan is made from."""

import hashlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from storage.names import is_safe_segment
from universes.models import LANGUAGES
from universes.names import THUMBNAIL, file_of, music_name, video_names
from universes.rows import TABLES, UNIVERS, UNIVERS_ASSETS

# Carried on create, never compared: no two sides agree on them.
TIMESTAMPS = {"created_at", "updated_at", "last_generated_at"}
# What differs between two sides that hold the same.
OWN_TO_A_SIDE = {"id", "univers_id", "asset_id", "owner_id"} | TIMESTAMPS

# What a universe's folder holds beside the files of its cards.
OUR_NAMES = {THUMBNAIL, *(music_name(language) for language in LANGUAGES)}


# Pictures and clips, also those whose card is gone.
OUR_FILE = re.compile(r"[0-9]{2,}_[A-Za-z0-9._-]+\.(png|mp4)", re.ASCII)
# Columns of a universe that may lead to a file of its folder.
ADDRESSES = ("thumbnail_url", "background_music")


def names_of_cards(cards):
    """The names that the pictures and clips of these rows may have."""
    pictures = {row["image_name"] for row in cards}
    return pictures | {clip for name in pictures if name for clip in video_names(name)}


@dataclass(frozen=True)
class File:
    """One file: size in bytes and its digests in hex, empty where they are not known.

    `key`: where it lies within the universe's folder, if not right in it.
    """

    name: str
    size: int
    md5: str = ""
    sha256: str = ""
    etag: str = ""
    key: str = ""

    @property
    def where(self):
        return self.key or self.name

    def difference(self, other):
        """Why the other can't be taken to be the same; empty when it is."""
        if self.size != other.size:
            return f"size {other.size} to {self.size}"
        for kind in ("md5", "sha256"):
            mine, theirs = getattr(self, kind), getattr(other, kind)
            if mine and theirs:
                return "" if mine == theirs else "content"
        return "content not known to be the same"


@dataclass(frozen=True)
class Snapshot:
    """`rows` by table name, each a dict of plain values; `files` by name; `reports`: sentences on what was left out.

    `missing`: tables that this side does not have; `lacking`: columns that it is known not to have, by table.
    `folder`: where the files lie, if not in one that is called as the slug.
    `unread`: names of which it has files, but not one that can be told to be meant. `left_alone`: the rows that it has
    beside `rows`, by table and id: nothing is made of them, but they are no deleted ones. A universe that this side
    does not have has no rows at all.
    """

    slug: str
    rows: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    reports: tuple = ()
    missing: frozenset = frozenset()
    lacking: dict = field(default_factory=dict)
    unread: frozenset = frozenset()
    folder: str = ""
    left_alone: dict = field(default_factory=dict)

    @property
    def universe(self):
        return next(iter(self.rows.get(UNIVERS.name, [])), None)

    @property
    def cards(self):
        return self.rows.get(UNIVERS_ASSETS.name, [])


def tidy(slug, rows):
    """`(rows, reports)`: without what can't be mirrored, which is reported and left alone where it is.

    That is: a language that is not ours, a card whose file name is none, all but the greatest id of rows that
    stand for the same thing, and rows whose parent is gone.
    """
    kept, reports, ids = {}, [], defaultdict(set)
    for table in TABLES:
        good = {}
        for row in sorted(rows.get(table.name, []), key=lambda row: str(row["id"])):
            if reason := _unfit(table, row, ids):
                reports.append(_left_alone(slug, table, row, reason))
                continue
            identity = _identity(table, row)
            if identity in good:
                doubled = _("%(id)s doubles it") % {"id": row["id"]}
                reports.append(_left_alone(slug, table, good[identity], doubled))
            good[identity] = row
        kept[table.name] = list(good.values())
        ids[table.name] = {row["id"] for row in kept[table.name]}
    return kept, reports


def left_alone(rows: dict, kept: dict) -> dict:
    """The rows that `tidy` left out of `rows`, as `{table: {id: row}}`; `kept`: what it returned."""
    ids = {name: {row["id"] for row in items} for name, items in kept.items()}
    return {name: {r["id"]: r for r in items if r["id"] not in ids[name]} for name, items in rows.items()}


def _left_alone(slug, table, row, reason):
    words = {"slug": slug, "row": f"{table.name} {row['id']}", "reason": reason}
    return _("%(slug)s: %(row)s is left alone: %(reason)s.") % words


def _identity(table, row):
    return tuple(row.get(column) for column in (table.parent, *table.natural) if column)


def _unfit(table, row, ids):
    if table.parent == "asset_id" and row.get("asset_id") not in ids[UNIVERS_ASSETS.name]:
        return _("its card is left alone or gone")
    if "language" in table.natural and row.get("language") not in LANGUAGES:
        return _("%(value)s is not one of the five languages") % {"value": repr(row.get("language"))}
    if table is UNIVERS_ASSETS and not is_safe_segment(row.get("image_name") or ""):
        return _("%(value)s can't name a file") % {"value": repr(row.get("image_name"))}
    return ""


def our_files(*snapshots):
    """Those names of the snapshots' files that are a universe's: what a card, song or address of any of them has."""
    named = OUR_NAMES.union(
        *(names_of_cards(snapshot.cards) | _addressed(snapshot) for snapshot in snapshots)
    )
    there = set().union(*(snapshot.files for snapshot in snapshots))
    return {name for name in there if name in named or OUR_FILE.fullmatch(name)}


def _addressed(snapshot):
    universe = snapshot.universe or {}
    return {file_of(universe.get(column)) for column in ADDRESSES}


def digest(snapshot, other):
    """A SHA-256 of what both sides have in common when they are equal, so without ids and times.

    Tables and columns that one of the two snapshots does not have are left out, and so are files that are not ours.
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


def lacks(table, *snapshots):
    """The columns of a table that one of the sides does not have."""
    return frozenset().union(*(snapshot.lacking.get(table.name, ()) for snapshot in snapshots))


def _content(row, lacking):
    return {column: value for column, value in row.items() if column not in OWN_TO_A_SIDE | lacking}
