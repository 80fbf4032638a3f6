"""The side over there: Supabase's tables and bucket, as neutral rows and files."""

import re
import threading
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

from storage.names import is_safe_segment
from universes.names import is_slug
from universes.rows import TABLES, UNIVERS, UNIVERS_ASSETS

from .client import MissingTable
from .errors import RemoteError
from .models import RemoteFile
from .snapshots import OUR_NAMES, TIMESTAMPS, File, Snapshot, names_of_cards, tidy

MD5 = re.compile(r"[0-9a-f]{32}")
# Without these there is nothing to sync; any other table may be missing over there.
NEEDED = {UNIVERS.name, UNIVERS_ASSETS.name}
# Asked for where there is no parent yet, to hear whether the table exists.
NOBODY = {"univers_id": -1, "asset_id": "00000000-0000-0000-0000-000000000000"}
BATCH = 500
# Sub-folders in which older universes have media.
OLDER_LAYOUT = ("assets", "music")


class Tables:
    """Rows over there, and what they tell of the tables' columns."""

    def __init__(self, client):
        self.client = client
        self._lacking = {}

    def lacking(self, table, ask):
        """The columns of ours that a table over there does not have; without any row it is asked, if `ask`, or empty.

        RemoteError when it is one without which rows can't be told apart.
        """
        if table.name not in self._lacking and ask:
            self._note_lacking(table, self.client.lacking(table.name, table.columns))
        return self._lacking.get(table.name, frozenset())

    def seen(self, table, rows):
        """Take from rows, which all have the same columns, what the table has."""
        if rows and table.name not in self._lacking:
            self._note_lacking(table, frozenset(table.columns) - rows[0].keys())
        return rows

    def _note_lacking(self, table, lacking):
        if needed := lacking & {"id", table.parent, *table.natural}:
            raise RemoteError(
                f"The table {table.name} in Supabase has no column {min(needed)}, without which nothing can be synced."
            )
        self._lacking[table.name] = lacking


class Queries(Tables):
    """Rows asked for universe by universe."""

    def where(self, table, column, values):
        """The rows whose column holds one of the values; None when there is no such table."""
        try:
            return self.seen(table, self.client.select(table.name, column, values or [NOBODY[column]]))
        except MissingTable:
            if table.name in NEEDED:
                raise
            return None


class WholeTables(Tables):
    """Rows of all universes, read once, table by table: few requests however many universes there are."""

    def __init__(self, client):
        super().__init__(client)
        self._indexes = {}
        self._lock = threading.Lock()

    def where(self, table, column, values):
        index = self._index(table, column)
        return None if index is None else [row for value in values for row in index[value]]

    def _index(self, table, column):
        with self._lock:
            if (table.name, column) not in self._indexes:
                self._indexes[table.name, column] = self._read(table, column)
            return self._indexes[table.name, column]

    def _read(self, table, column):
        index = defaultdict(list)
        try:
            for row in self.seen(table, self.client.select(table.name)):
                index[row[column]].append(row)
        except MissingTable:
            if table.name in NEEDED:
                raise
            return None
        return index


def is_fit(universe):
    """Whether a row of `univers` can stand here: its slug has to name a folder, and it needs a name."""
    return is_slug(universe.get("slug") or "") and universe.get("name") is not None


def universes(client):
    """`(rows, reports)` of all universes over there; those that can't stand here are reported."""
    rows = [_plain(UNIVERS, row) for row in client.select(UNIVERS.name)]
    fit = [row for row in rows if is_fit(row)]
    reports = [
        f"{str(row['slug'])[:100]!r} (id {row['id']}) is left out: its slug or name can't be used here."
        for row in rows
        if row not in fit
    ]
    return fit, reports


def find(tables, slug, known_id=None):
    """The row of a universe over there: by the id that we know, else by slug; or None."""
    slug = slug if slug and is_slug(slug) else None
    for column, value in (("id", known_id), ("slug", slug)):
        if value is not None and (found := tables.where(UNIVERS, column, [value])):
            return _plain(UNIVERS, found[0])
    return None


def snapshot(client, tables, slug, universe, *, to_write=False):
    """What is over there of a universe, whose row `find` gave; None: nothing but files in its folder.

    `to_write`: it is to be written to. Then it matters which columns a table has even if it has no row, and media in
    an older layout, which are left alone, are none.
    """
    rows, missing = _rows(tables, universe)
    lacking = {t.name: tables.lacking(t, to_write) for t in TABLES if t.name not in missing}
    rows, reports = tidy(slug, rows)
    cards = rows[UNIVERS_ASSETS.name]
    files, left_alone = listing(client, slug, frozenset() if to_write else names_of_cards(cards) | OUR_NAMES)
    return Snapshot(slug, rows, files, (*reports, *left_alone), frozenset(missing), lacking)


def rows(tables, slug, universe):
    """The rows of a universe over there, by table, as its snapshot has them."""
    return tidy(slug, _rows(tables, universe)[0])[0]


def _rows(tables, universe):
    rows, missing = {UNIVERS.name: tables.seen(UNIVERS, [universe] if universe else [])}, set()
    for table in TABLES[1:]:
        parents = rows[UNIVERS.name if table.parent == "univers_id" else UNIVERS_ASSETS.name]
        found = tables.where(table, table.parent, [row["id"] for row in parents])
        if found is None:
            missing.add(table.name)
        rows[table.name] = [_plain(table, row) for row in found or []]
    return rows, missing


def _plain(table, row):
    """The columns that we know, as the local side writes them too."""
    return {c: _time(row[c]) if c in TIMESTAMPS else row[c] for c in table.columns if c in row}


def _time(text):
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def listing(client, slug, older=frozenset()):
    """`({name: File}, reports)` of a universe's folder; files called as in `older` are looked for in sub-folders too.

    An empty listing is believed only when the bucket itself answers: a missing one lists as empty too.
    """
    entries = client.list(slug)
    if not entries:
        client.check_bucket()
    known = _known(slug)
    read = {e["name"] for e in entries if older and not e.get("id") and e["name"] in OLDER_LAYOUT}
    flat, reports = _files(slug, "", [e for e in entries if e.get("id") or e["name"] not in read], known)
    files = {file.name: file for file in flat}
    for name, found in _by_name(client, slug, sorted(read), known, reports).items():
        if name in files:
            continue
        if reason := _unfit_for_flattening(found, older):
            reports += [f"{slug}/{file.key} is left alone in Supabase: {reason}." for file in found]
        else:
            files[name] = found[0]
    return files, reports


def whole_folder(client, slug):
    """All files of a universe's folder, whatever they are called, those in sub-folders too: `[File]`."""
    known = _known(slug)
    entries = client.list(slug)
    found = [_keyed(entry, "", slug, known) for entry in entries if entry.get("id")]
    for folder in (f"{entry['name']}/" for entry in entries if not entry.get("id")):
        inside = client.list(f"{slug}/{folder}".rstrip("/"))
        found += [_keyed(entry, folder, slug, known) for entry in inside if entry.get("id")]
    return found


def _by_name(client, slug, folders, known, reports):
    """The files of sub-folders, `{name: [File]}`."""
    by_name = defaultdict(list)
    for folder in folders:
        found, left_alone = _files(slug, f"{folder}/", client.list(f"{slug}/{folder}"), known)
        reports += left_alone
        for file in found:
            by_name[file.name].append(file)
    return by_name


def _unfit_for_flattening(files, wanted):
    """Why files of this name in sub-folders can't be read as one right in the folder."""
    if files[0].name not in wanted:
        return "no card or song has this file"
    if any(file.difference(files[0]) for file in files[1:]):
        return "another sub-folder has another file of this name"
    return ""


def _files(slug, folder, entries, known):
    """`([File], reports)` of the entries of a folder; `folder`: empty, or the sub-folder's name with a slash."""
    good = [entry for entry in entries if entry.get("id") and is_safe_segment(entry["name"])]
    reports = [_left_alone(f"{slug}/{folder}", entry) for entry in entries if entry not in good]
    return [_keyed(entry, folder, slug, known) for entry in good], reports


def _known(slug):
    return {r.key: r for r in RemoteFile.objects.filter(key__startswith=f"{slug}/")}


def _keyed(entry, folder, slug, known):
    """The File of an entry in a folder, which is named as in `_files`."""
    file = _file(entry, known.get(f"{slug}/{folder}{entry['name']}"))
    return replace(file, key=f"{folder}{file.name}") if folder else file


def _left_alone(place, entry):
    kind = "a name that is not ours" if entry.get("id") else "a folder of an older layout"
    return f"{place}{entry['name']} is left alone in Supabase: {kind}."


def size(entry):
    """The bytes of a listed file."""
    return int((entry.get("metadata") or {}).get("size") or 0)


def _file(entry, known):
    etag = ((entry.get("metadata") or {}).get("eTag") or "").removeprefix("W/").strip('"')
    if known and (known.etag, known.size) == (etag, size(entry)):
        return File(entry["name"], size(entry), known.md5, known.sha256, etag)
    return File(entry["name"], size(entry), md5=etag if MD5.fullmatch(etag) else "", etag=etag)


def forget(slug, names):
    """Drop what was noted of files that are gone over there."""
    keys = [f"{slug}/{name}" for name in names]
    for start in range(0, len(keys), BATCH):
        RemoteFile.objects.filter(key__in=keys[start : start + BATCH]).delete()


def remember(slug, remote_files, same_here):
    """Note the digests of files, which their ETag does not tell, or not all; both are `{name: File}` of equal files."""
    RemoteFile.objects.bulk_create(
        [
            RemoteFile(
                key=f"{slug}/{file.where}", etag=file.etag, size=file.size, sha256=here.sha256, md5=here.md5
            )
            for name, file in remote_files.items()
            if (here := same_here.get(name)) and here.size == file.size
        ],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["etag", "size", "sha256", "md5"],
    )
