"""The side over there: Supabase's tables and bucket, as neutral rows and files."""

import re
import threading
from collections import defaultdict
from datetime import UTC, datetime

from django.utils.translation import gettext

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
                gettext(
                    "The table %(table)s in Supabase has no column %(column)s, without which nothing can "
                    "be synced."
                )
                % {"table": table.name, "column": min(needed)}
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
        gettext("%(slug)s (id %(id)s) is left out: its slug or name can't be used here.")
        % {"slug": repr(str(row["slug"])[:100]), "id": row["id"]}
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


def snapshot(client, tables, slug, universe, *, to_write=False, former=""):
    """What is over there of a universe, whose row `find` gave; None: nothing but files in its folder.

    `former`: where its files may lie if there are none in its folder: it was called so, and nobody is now.
    `to_write`: it is to be written to. Then it matters which columns a table has even if it has no row, and media in
    an older layout, which are left alone, are none.
    """
    rows, missing = _rows(tables, universe)
    lacking = {t.name: tables.lacking(t, to_write) for t in TABLES if t.name not in missing}
    rows, reports = tidy(slug, rows)
    cards = rows[UNIVERS_ASSETS.name]
    older = frozenset() if to_write else names_of_cards(cards) | OUR_NAMES
    files, left_alone, unread = listing(client, slug, older)
    folder = former if former and not files and not find(tables, former) else ""
    if folder:
        files, left_alone, unread = listing(client, folder, older)
        reports.append(
            gettext(
                "The media of '%(slug)s' lie in '%(folder)s/' in Supabase; push it to have them in '%(slug)s/'."
            )
            % {"slug": slug, "folder": folder}
        )
    return Snapshot(slug, rows, files, (*reports, *left_alone), frozenset(missing), lacking, unread, folder)


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
    """`({name: File}, reports, unread)` of a universe's folder; those called as in `older` may lie in sub-folders.

    `unread`: names of which sub-folders have different files. An empty listing is believed only when the bucket itself
    answers: a missing one lists as empty too.
    """
    found = whole_folder(client, slug)
    if not found:
        client.check_bucket()
    flat = [file for file in found if not file.key]
    files = {file.name: file for file in flat if is_safe_segment(file.name)}
    reports = [
        _left_alone(slug, file.name, gettext("a name that is not ours"))
        for file in flat
        if file.name not in files
    ]
    deeper = [file for file in found if file.key]
    reports += _other_folders(slug, deeper, OLDER_LAYOUT if older else ())
    unread = set()
    for name, same_name in _by_name(deeper if older else (), reports, slug).items():
        if name in files:
            continue
        if reason := _unfit_for_flattening(same_name, older):
            reports += [_left_alone(slug, file.key, reason) for file in same_name]
            unread.add(name)
        else:
            files[name] = same_name[0]
    return files, reports, frozenset(unread)


def whole_folder(client, slug):
    """All files of a universe's folder, whatever they are called, those in sub-folders too: `[File]`."""
    known = {r.key: r for r in RemoteFile.objects.filter(key__startswith=f"{slug}/")}
    return [_file(entry, known.get(f"{slug}/{entry['name']}")) for entry in client.list(slug)]


def _other_folders(slug, files, read):
    """Reports of the sub-folders that are not read."""
    folders = dict.fromkeys(file.key.partition("/")[0] for file in files)
    return [_left_alone(slug, f, gettext("a folder of an older layout")) for f in folders if f not in read]


def _by_name(files, reports, slug):
    """The files right in the sub-folders of an older layout, `{name: [File]}`."""
    by_name = defaultdict(list)
    for file in files:
        folder, _, name = file.key.partition("/")
        if folder in OLDER_LAYOUT and is_safe_segment(name):
            by_name[name].append(file)
        elif folder in OLDER_LAYOUT:
            reports.append(_left_alone(slug, file.key, gettext("a name that is not ours")))
    return by_name


def _unfit_for_flattening(files, wanted):
    """Why files of this name in sub-folders can't be read as one right in the folder."""
    if files[0].name not in wanted:
        return gettext("no card or song has this file")
    if any(file.difference(files[0]) for file in files[1:]):
        return gettext("another sub-folder has another file of this name")
    return ""


def _left_alone(slug, key, reason):
    return gettext("%(file)s is left alone in Supabase: %(reason)s.") % {
        "file": f"{slug}/{key}",
        "reason": reason,
    }


def _file(entry, known):
    """The File of an entry of `client.list`, with the digests that are known of it."""
    path, about = entry["name"], entry.get("metadata") or {}
    name, key = path.rpartition("/")[2], path if "/" in path else ""
    etag, size = (about.get("eTag") or "").removeprefix("W/").strip('"'), int(about.get("size") or 0)
    if known and (known.etag, known.size) == (etag, size):
        return File(name, size, known.md5, known.sha256, etag, key)
    return File(name, size, md5=etag if MD5.fullmatch(etag) else "", etag=etag, key=key)


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
