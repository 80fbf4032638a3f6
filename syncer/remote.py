"""The side over there: Supabase's tables and bucket, as neutral rows and files."""

import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext

from storage.names import is_safe_segment
from universes.names import is_slug
from universes.rows import TABLES, UNIVERS, UNIVERS_ASSETS, Table

from . import received
from .client import MissingTable
from .errors import Damaged, RemoteError, Unreachable, WrongKey
from .models import RemoteFile
from .snapshots import OUR_NAMES, File, Snapshot, left_alone, names_of_cards, tidy

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
        """Take from rows what the table has: a column that none of them has is one that it lacks."""
        if rows and table.name not in self._lacking:
            self._note_lacking(table, frozenset(table.columns).difference(*filter(_is_row, rows)))
        return rows

    def ask(self, table, column, values):
        """The rows whose column holds one of the values, asked for by them; Damaged when others come."""
        rows = self.seen(table, self.client.select(table.name, column, values))
        for row in rows:
            if received.row(table, row)[column] not in values:
                raise Damaged(
                    gettext("%(table)s answers with a row that was not asked for: %(row)s")
                    % {"table": table.name, "row": received.shown(row)}
                )
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
            return self.ask(table, column, values or [NOBODY[column]])
        except MissingTable:
            if table.name in NEEDED:
                raise
            return None


class WholeTables(Tables):
    """Rows of all universes, read once, table by table: few requests however many universes there are.

    A table in which a row does not tell whose it is, or that can't be read as a whole, is asked for each universe's:
    then whose rows are at fault shows, and nobody's look deleted.
    """

    def __init__(self, client):
        super().__init__(client)
        self._indexes = {}
        self._lock = threading.Lock()

    def where(self, table, column, values):
        index = self._index(table, column)
        if index is UNTOLD:
            return self.ask(table, column, values) if values else []
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
                if (key := _key(table, column, row)) is not None:
                    index[key].append(row)
        except MissingTable:
            if table.name in NEEDED:
                raise
            return None
        except (Unreachable, WrongKey):
            raise
        except RemoteError:
            return UNTOLD
        return index


# Stands for the index of a table some of whose rows do not name their universe.
UNTOLD: dict[Any, list[Any]] = {}


def _is_row(row: Any) -> bool:
    return isinstance(row, dict)


def _key(table: Table, column: str, row: Any) -> Any:
    """The parent's id of a row; None for a row without one. Raises Damaged where it can't be read."""
    if _is_row(row) and row.get(column, "") is None and column != "id":
        return None
    if not _is_row(row):
        return received.row(table, row)
    return received.value(table, column, row)


@contextmanager
def set_aside(slug: str) -> Iterator[None]:
    """Say of which universe it is what comes damaged in the block."""
    try:
        yield
    except Damaged as error:
        raise Damaged(
            gettext("'%(slug)s' is set aside: in Supabase, %(fault)s. Correct it there, and sync again.")
            % {"slug": slug, "fault": error}
        ) from None


def is_fit(universe):
    """Whether a row of `univers` can stand here: its slug has to name a folder, and it needs a name."""
    return is_slug(universe.get("slug") or "") and universe.get("name") is not None


def universes(client):
    """`(rows, reports, failed)` of all universes over there; those that can't stand here are reported.

    `failed`: by slug, or by id where the slug can't be read, why a row is set aside.
    """
    rows, failed = [], {}
    found = client.select(UNIVERS.name)
    doubled = _doubled(found)
    for raw in found:
        try:
            rows.append(_universe(raw, doubled))
        except Damaged as error:
            failed[_called(raw)] = error
    fit = [row for row in rows if is_fit(row)]
    reports = [
        gettext("%(slug)s (id %(id)s) is left out: its slug or name can't be used here.")
        % {"slug": repr(str(row["slug"])[:100]), "id": row["id"]}
        for row in rows
        if row not in fit
    ]
    return fit, reports, failed


def _universe(raw: Any, doubled: set[tuple[str, str]]) -> dict[str, Any]:
    """A row of `univers` made plain; Damaged when it can't be, or when another one has its id or slug."""
    with set_aside(_called(raw)):
        row = received.row(UNIVERS, raw)
        for column in ("id", "slug"):
            if (column, repr(row[column])) in doubled:
                raise _twice(UNIVERS, column, row[column])
    return row


def _doubled(rows: list[Any]) -> set[tuple[str, str]]:
    """`{(column, repr of value)}` of the ids and slugs that more than one of these rows has."""
    found = Counter(
        (column, repr(row[column]))
        for row in filter(_is_row, rows)
        for column in ("id", "slug")
        if row.get(column) is not None
    )
    return {told for told, times in found.items() if times > 1}


def _twice(table: Table, column: str, value: Any) -> Damaged:
    words = {"table": table.name, "column": column, "value": received.shown(value)}
    return Damaged(gettext("two rows of %(table)s have the %(column)s %(value)s") % words)


def _called(raw: Any) -> str:
    """The name of a row of `univers` for a sentence: its slug, else whatever it has."""
    slug, row_id = (raw.get("slug"), raw.get("id")) if _is_row(raw) else (None, raw)
    return slug if isinstance(slug, str) and is_slug(slug) else f"id {received.shown(row_id)}"


def find(tables, slug, known_id=None):
    """The row of a universe over there: by the id that we know, else by slug; or None."""
    slug = slug if slug and is_slug(slug) else None
    for column, value in (("id", known_id), ("slug", slug)):
        if value is None:
            continue
        with set_aside(slug or f"id {value}"):
            found = tables.where(UNIVERS, column, [value])
        if found:
            return _universe(found[0], _doubled(found))
    return None


def exists(tables: Tables, column: str, value: Any) -> bool:
    """Whether Supabase has a universe with this id or slug, be its row as it may."""
    try:
        return bool(tables.where(UNIVERS, column, [value]))
    except Damaged:
        return True


def snapshot(client, tables, slug, universe, *, to_write=False, former=""):
    """What is over there of a universe, whose row `find` gave; None: nothing but files in its folder.

    `former`: where its files may lie if there are none in its folder: it was called so, and nobody is now.
    `to_write`: it is to be written to. Then it matters which columns a table has even if it has no row, and media in
    an older layout, which are left alone, are none.
    """
    with set_aside(slug):
        found, missing = _rows(tables, universe)
    lacking = {t.name: tables.lacking(t, to_write) for t in TABLES if t.name not in missing}
    rows, reports = tidy(slug, found)
    cards = rows[UNIVERS_ASSETS.name]
    older = frozenset() if to_write else names_of_cards(cards) | OUR_NAMES
    files, skipped, unread = listing(client, slug, older)
    folder = former if former and not files and not exists(tables, "slug", former) else ""
    if folder:
        files, skipped, unread = listing(client, folder, older)
        reports.append(
            gettext(
                "The media of '%(slug)s' lie in '%(folder)s/' in Supabase; push it to have them in '%(slug)s/'."
            )
            % {"slug": slug, "folder": folder}
        )
    return Snapshot(
        slug,
        rows,
        files,
        (*reports, *skipped),
        frozenset(missing),
        lacking,
        unread,
        folder,
        left_alone(found, rows),
    )


def rows(tables, slug, universe):
    """The rows of a universe over there, by table, as its snapshot has them."""
    with set_aside(slug):
        return tidy(slug, _rows(tables, universe)[0])[0]


def _rows(tables, universe):
    rows, missing = {UNIVERS.name: tables.seen(UNIVERS, [universe] if universe else [])}, set()
    for table in TABLES[1:]:
        parents = rows[UNIVERS.name if table.parent == "univers_id" else UNIVERS_ASSETS.name]
        found = tables.where(table, table.parent, [row["id"] for row in parents])
        if found is None:
            missing.add(table.name)
        rows[table.name] = [received.row(table, row) for row in found or []]
        _check_ids(table, rows[table.name])
    return rows, missing


def _check_ids(table: Table, rows: list[dict[str, Any]]) -> None:
    for row_id, times in Counter(row["id"] for row in rows).items():
        if times > 1:
            raise _twice(table, "id", row_id)


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
    with set_aside(slug):
        return [_file(entry, slug, known) for entry in client.list(slug)]


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


def _file(entry, slug, noted):
    """The File of an entry of `client.list`, with the digests that are noted of it."""
    path, size, etag = received.file(entry)
    name, key = path.rpartition("/")[2], path if "/" in path else ""
    known = noted.get(f"{slug}/{path}")
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
