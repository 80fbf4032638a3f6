"""The side over there: Supabase's tables and bucket, as neutral rows and files."""

import re
import threading
from collections import defaultdict
from datetime import UTC, datetime

from storage.names import is_safe_segment
from universes.names import is_slug
from universes.rows import TABLES, UNIVERS, UNIVERS_ASSETS

from .client import MissingTable
from .models import RemoteFile
from .snapshots import TIMESTAMPS, File, Snapshot, tidy

MD5 = re.compile(r"[0-9a-f]{32}")
# Without these there is nothing to sync; any other table may be missing over there.
NEEDED = {UNIVERS.name, UNIVERS_ASSETS.name}
# Asked for where there is no parent yet, to hear whether the table exists.
NOBODY = {"univers_id": -1, "asset_id": "00000000-0000-0000-0000-000000000000"}


class Queries:
    """Rows asked for universe by universe."""

    def __init__(self, client):
        self.client = client

    def where(self, table, column, values):
        """The rows whose column holds one of the values; None when there is no such table."""
        try:
            return self.client.select(table.name, column, values or [NOBODY[column]])
        except MissingTable:
            if table.name in NEEDED:
                raise
            return None


class WholeTables:
    """Rows of all universes, read once, table by table: few requests however many universes there are."""

    def __init__(self, client):
        self.client = client
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
            for row in self.client.select(table.name):
                index[row[column]].append(row)
        except MissingTable:
            if table.name in NEEDED:
                raise
            return None
        return index


def is_fit(universe):
    """Whether a row of `univers` can stand here: its slug has to name a folder, and it needs a name."""
    return is_slug(universe["slug"] or "") and universe["name"] is not None


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


def snapshot(client, tables, slug, universe):
    """What is over there of a universe, whose row `find` gave; None: nothing but files in its folder."""
    rows, missing = _rows(tables, universe)
    rows, reports = tidy(slug, rows)
    files, left_alone = listing(client, slug)
    return Snapshot(slug, rows, files, (*reports, *left_alone), frozenset(missing))


def _rows(tables, universe):
    rows, missing = {UNIVERS.name: [universe] if universe else []}, set()
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


def listing(client, slug):
    """`({name: File}, reports)` of a universe's folder.

    An empty listing is believed only when the bucket itself answers: a missing one lists as empty too.
    """
    entries = client.list(slug)
    if not entries:
        client.check_bucket()
    good = [entry for entry in entries if entry.get("id") and is_safe_segment(entry["name"])]
    reports = [_left_alone(slug, entry) for entry in entries if entry not in good]
    known = {r.key: r for r in RemoteFile.objects.filter(key__startswith=f"{slug}/")}
    files = [_file(entry, known.get(f"{slug}/{entry['name']}")) for entry in good]
    return {file.name: file for file in files}, reports


def _left_alone(slug, entry):
    kind = "a name that is not ours" if entry.get("id") else "a folder of an older layout"
    return f"{slug}/{entry['name']} is left alone in Supabase: {kind}."


def size(entry):
    """The bytes of a listed file."""
    return int((entry.get("metadata") or {}).get("size") or 0)


def _file(entry, known):
    etag = ((entry.get("metadata") or {}).get("eTag") or "").removeprefix("W/").strip('"')
    if MD5.fullmatch(etag):
        return File(entry["name"], size(entry), md5=etag, etag=etag)
    if known and (known.etag, known.size) == (etag, size(entry)):
        return File(entry["name"], size(entry), known.md5, known.sha256, etag)
    return File(entry["name"], size(entry), etag=etag)


def remember(slug, remote_files, same_here):
    """Note the digests of files whose ETag does not tell them; both arguments are `{name: File}` of equal files."""
    RemoteFile.objects.bulk_create(
        [
            RemoteFile(key=f"{slug}/{name}", etag=file.etag, size=file.size, sha256=here.sha256, md5=here.md5)
            for name, file in remote_files.items()
            if (here := same_here.get(name)) and here.size == file.size and not file.md5
        ],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["etag", "size", "sha256", "md5"],
    )
