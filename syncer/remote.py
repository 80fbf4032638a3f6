"""The side in Supabase: a universe is read from its tables and bucket, and a plan is applied to them.

Its readers must never see a universe empty or a card without its files: files go before rows, parents before children,
deletes last, rows before files.
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from django.utils.translation import gettext

from storage import messages
from storage.files import Digests, digests
from storage.names import is_safe_segment
from storage.staging import staging
from universes.names import is_slug
from universes.rows import TABLES, UNIVERS, UNIVERS_ASSETS, Row, Table

from . import progress
from .client import Entry, Supabase
from .errors import ChangedMeanwhile, Conflict, Damaged, RemoteError
from .models import RemoteFile
from .plan import CREATE, DELETE, UPDATE, Plan, RowChange
from .remote_rows import (
    BIGINT,
    Queries,
    Tables,
    exists,
    find,
    is_text,
    is_whole,
    naming_universe,
    rows_of,
    shown,
    value,
)
from .sides import OUR_NAMES, File, Files, Snapshot, Source, ignored, mirrorable, names_of_cards

MD5 = re.compile(r"[0-9a-f]{32}")
BATCH = 500
# Sub-folders in which older universes have media.
OLDER_LAYOUT = ("assets", "music")


class RemoteSide:
    """A universe in Supabase. `universe`: its row, as `find` gave it; None: it has nothing but files in its folder.

    `to_write`: as a target. Then tables without rows are asked for their columns, and media in an older layout are
    ignored. `former`: the folder of its former slug, for files that did not follow it. `slug`: the one it is to have.
    """

    def __init__(
        self, tables: Tables, slug: str, universe: Row | None, *, to_write: bool = False, former: str = ""
    ) -> None:
        self.tables, self.client = tables, tables.client
        self.slug, self.universe = slug, universe
        self.id: int | None = universe["id"] if universe else None
        self._to_write, self._former = to_write, former
        self._digests: dict[str, Digests] = {}

    # --- As a source

    @cached_property
    def snapshot(self) -> Snapshot:
        found, missing = rows_of(self.tables, self.slug, self.universe)
        lacking = {t.name: self.tables.lacking(t, self._to_write) for t in TABLES if t.name not in missing}
        rows, reports = mirrorable(self.slug, found)
        older = frozenset() if self._to_write else names_of_cards(rows[UNIVERS_ASSETS.name]) | OUR_NAMES
        files, skipped, unread = listing(self.client, self.slug, older)
        folder = ""
        if self._former and not files and not exists(self.tables, "slug", self._former):
            folder = self._former
            files, skipped, unread = listing(self.client, folder, older)
            reports.append(_media_elsewhere(self.slug, folder))
        return Snapshot(
            self.slug,
            rows,
            files,
            (*reports, *skipped),
            missing,
            lacking,
            unread,
            folder,
            ignored(found, rows),
        )

    @contextmanager
    def reading(self, file: File, staged: Path) -> Iterator[Path]:
        """Unreadable when other bytes come than are listed. A file that is at `staged` already is not fetched."""
        self._digests[file.name] = _digests_if_whole(file, staged) or self._download(file, staged)
        yield staged

    def _download(self, file: File, path: Path) -> Digests:
        key = f"{self.snapshot.folder or self.slug}/{file.path}"
        return self.client.download(key, path, file.size, file.md5)

    def note_digests(self) -> None:
        """Put the digests of staged files into the snapshot, and remember them: a listing may not tell them."""
        there = self.snapshot
        files = {name: replace(there.files[name], **digests) for name, digests in self._digests.items()}
        remember(there.folder or self.slug, files, files)
        self.snapshot = replace(there, files=there.files | files)

    # --- As a target

    def apply(self, plan: Plan, source: Source) -> None:
        """Raises ChangedMeanwhile, with no row written, when the rows are not those of the snapshot any more.

        After an error all that is there is whole, and a further push completes it.
        """
        self._upload(plan, source)
        # Uploads take long: the rows of the snapshot, which are archived, may not be the present ones any more.
        self._check_unchanged()
        self._write_rows(plan)
        self._delete(plan)
        plan.reports += self._clear_old_folder(plan, source.snapshot.files)

    def _upload(self, plan: Plan, source: Source) -> None:
        files = {change.name: change.file for change in plan.file_changes(CREATE, UPDATE)}

        if not files:
            return
        try:
            with staging() as folder:
                progress.in_parallel(partial(self._send, source, folder), files.values())
        except FileNotFoundError:
            raise Conflict(
                messages.gettext("A file of '%(slug)s' went away while it was pushed; push again.")
                % {"slug": self.slug}
            ) from None
        self._verify(files)

    def _send(self, source: Source, folder: Path, file: File) -> None:
        with source.reading(file, folder / file.name) as path:
            self.client.upload(path, f"{self.slug}/{file.name}")

    def _verify(self, sent: Files) -> None:
        """RemoteError unless all files have arrived, before any row shows them."""
        there, *_ = listing(self.client, self.slug)
        for name, file in sent.items():
            came = there.get(name, File(name, -1))
            if came.size != file.size or (MD5.fullmatch(came.etag) and came.md5 != file.md5):
                raise RemoteError(
                    messages.gettext("%(slug)s/%(name)s did not arrive whole in Supabase; push again.")
                    % {"slug": self.slug, "name": name}
                )
        remember(self.slug, {name: there[name] for name in sent}, sent)

    def _check_unchanged(self) -> None:
        tables = Queries(self.client)
        found, _ = rows_of(tables, self.slug, find(tables, self.slug, self.id))
        if mirrorable(self.slug, found)[0] != self.snapshot.rows:
            raise ChangedMeanwhile

    def _write_rows(self, plan: Plan) -> None:
        """From parents to children; a new universe is not public until its cards are there."""
        new = [change.row for change in plan.row_changes(CREATE, UNIVERS.name)]
        for row in new:
            self.id = self._create_hidden(row)
        for table in TABLES[1:]:
            make_way(plan, self.client, table)
            self._create(plan, table)
            self._update(plan, table)
        for row in new:
            if row.get("is_public", False) is not False:
                self.client.update(UNIVERS.name, self.id, {"is_public": row["is_public"]})
        self._update(plan, UNIVERS)

    def _create_hidden(self, row: Row) -> int:
        values = {column: found for column, found in row.items() if column != "id"}
        hidden = {"is_public": False} if "is_public" in row else {}
        made = self.client.insert_one(UNIVERS.name, values | hidden)
        progress.done()
        return int(value(UNIVERS, "id", made))

    def _create(self, plan: Plan, table: Table) -> None:
        rows = [change.row for change in plan.row_changes(CREATE, table.name)]
        if table.parent == "univers_id":
            rows = [{**row, "univers_id": self.id} for row in rows]
        self.client.insert(table.name, rows)
        progress.done(len(rows))

    def _update(self, plan: Plan, table: Table) -> None:
        """Write changed columns alone; rows that change alike are written by one request."""
        alike: defaultdict[str, list[RowChange]] = defaultdict(list)
        for change in plan.row_changes(UPDATE, table.name):
            alike[json.dumps(change.values, sort_keys=True)].append(change)

        def write(changes: list[RowChange]) -> None:
            self.client.update_alike(table.name, [change.id for change in changes], changes[0].values)

        progress.in_parallel(write, list(alike.values()), counted=False)
        progress.done(len(plan.row_changes(UPDATE, table.name)))

    def _delete(self, plan: Plan) -> None:
        # Supabase's foreign keys cascade: the rows below a card go with it.
        cards = {change.id for change in plan.row_changes(DELETE, UNIVERS_ASSETS.name)}
        for table in reversed(TABLES):
            gone = plan.row_changes(DELETE, table.name)
            ids = [change.id for change in gone if change.row.get("asset_id") not in cards]
            self.client.delete(table.name, ids)
        names = [change.name for change in plan.file_changes(DELETE)]
        self.client.remove([f"{self.slug}/{name}" for name in names])
        forget(self.slug, names)
        progress.done(len(plan.row_changes(DELETE)) + len(names))

    def _clear_old_folder(self, plan: Plan, files: Files) -> list[str]:
        """After a push of another slug, delete files of the old folder that the new one has; sentences on the rest.

        They are public, and unpublishing would not find them any more.
        """
        for change in plan.row_changes(UPDATE, UNIVERS.name):
            old, _ = change.fields.get("slug", (None, None))
            if old and is_slug(old) and not exists(Queries(self.client), "slug", old):
                return _clear(self.client, old, files)
        return []


def _clear(client: Supabase, folder: str, files: Files) -> list[str]:
    found = whole_folder(client, folder)
    moved = [file for file in found if file.name in files and not files[file.name].difference(file)]
    client.remove([f"{folder}/{file.path}" for file in moved])
    forget(folder, [file.path for file in moved])
    return [
        gettext("%(file)s stays in Supabase, though no universe has that folder any more; delete it there.")
        % {"file": f"{folder}/{file.path}"}
        for file in found
        if file not in moved
    ]


def _digests_if_whole(file: File, path: Path) -> Digests | None:
    """The digests of what is at a path, if an earlier pull has left the file there."""
    if not (file.md5 and path.exists() and path.stat().st_size == file.size):
        return None
    found: Digests = digests(path)
    return found if found["md5"] == file.md5 else None


def _media_elsewhere(slug: str, folder: str) -> str:
    return gettext(
        "The media of '%(slug)s' lie in '%(folder)s/' in Supabase; push it to have them in '%(slug)s/'."
    ) % {"slug": slug, "folder": folder}


# --- Rows that swap a natural key
#
# It is not known which unique constraints Supabase has; two rows that swap their languages would violate one half-way.


def make_way(plan: Plan, client: Supabase, table: Table) -> None:
    """Give up natural keys that other rows are about to get: cards by another file name, other rows by a new row."""
    changes = plan.in_the_way(table)
    if table is UNIVERS_ASSETS:
        for change in changes:
            client.update(table.name, change.id, {"image_name": f"{change.id}.png"})
    elif changes:
        _insert_anew(client, table, changes)


def _insert_anew(client: Supabase, table: Table, changes: list[RowChange]) -> None:
    """With unknown columns as they were; rows that the plan deletes are not inserted again."""
    found = client.select(table.name, "id", [change.id for change in changes])
    rows = {value(table, "id", row): row for row in found}
    client.delete(table.name, list(rows))
    updates = [change for change in changes if change.action == UPDATE and change.id in rows]
    client.insert(table.name, [rows[change.id] | change.values for change in updates])


# --- Files


def listing(
    client: Supabase, slug: str, older: Collection[str] = frozenset()
) -> tuple[Files, list[str], frozenset[str]]:
    """`({name: File}, reports, unread)` of a universe's folder; those called as in `older` may be in sub-folders.

    `unread`: names of which sub-folders have different files. An empty listing is believed only if the bucket
    answers, since a missing one has empty listings too.
    """
    found = whole_folder(client, slug)
    if not found:
        client.check_bucket()
    flat = [file for file in found if not file.key]
    files = {file.name: file for file in flat if is_safe_segment(file.name)}
    reports = [
        _ignored(slug, file.name, gettext("a name that is not ours"))
        for file in flat
        if file.name not in files
    ]
    deeper = [file for file in found if file.key]
    reports += _other_folders(slug, deeper, OLDER_LAYOUT if older else ())
    unread: set[str] = set()
    for name, same_name in _by_name(deeper if older else [], reports, slug).items():
        if name in files:
            continue
        if reason := _unfit_for_flattening(same_name, older):
            reports += [_ignored(slug, file.key, reason) for file in same_name]
            unread.add(name)
        else:
            files[name] = same_name[0]
    return files, reports, frozenset(unread)


def whole_folder(client: Supabase, slug: str) -> list[File]:
    """All files of a universe's folder and its sub-folders, of any name."""
    remembered = {r.key: r for r in RemoteFile.objects.filter(key__startswith=f"{slug}/")}
    with naming_universe(slug):
        return [_file(entry, slug, remembered) for entry in client.listing(slug)]


def _other_folders(slug: str, files: list[File], read: Collection[str]) -> list[str]:
    """Reports on the sub-folders that are not read."""
    folders = dict.fromkeys(file.key.partition("/")[0] for file in files)
    return [_ignored(slug, f, gettext("a folder of an older layout")) for f in folders if f not in read]


def _by_name(files: list[File], reports: list[str], slug: str) -> dict[str, list[File]]:
    """The files of an older layout's sub-folders, but for those deeper down."""
    by_name: defaultdict[str, list[File]] = defaultdict(list)
    for file in files:
        folder, _, name = file.key.partition("/")
        if folder in OLDER_LAYOUT and is_safe_segment(name):
            by_name[name].append(file)
        elif folder in OLDER_LAYOUT:
            reports.append(_ignored(slug, file.key, gettext("a name that is not ours")))
    return by_name


def _unfit_for_flattening(files: list[File], wanted: Collection[str]) -> str:
    """The reason why files of one name in sub-folders can't be read as one of the folder; empty when they can."""
    if files[0].name not in wanted:
        return gettext("no card or song has this file")
    if any(file.difference(files[0]) for file in files[1:]):
        return gettext("another sub-folder has another file of this name")
    return ""


def _ignored(slug: str, key: str, reason: str) -> str:
    return gettext("%(file)s is left alone in Supabase: %(reason)s.") % {
        "file": f"{slug}/{key}",
        "reason": reason,
    }


def _file(entry: Entry, slug: str, remembered: Mapping[str, RemoteFile]) -> File:
    """The File of an entry, with remembered digests."""
    path, size, etag = file_entry(entry)
    name, key = path.rpartition("/")[2], path if "/" in path else ""
    record = remembered.get(f"{slug}/{path}")
    if record and (record.etag, record.size) == (etag, size):
        return File(name, size, record.md5, record.sha256, etag, key)
    return File(name, size, md5=etag if MD5.fullmatch(etag) else "", etag=etag, key=key)


def file_entry(entry: Any) -> tuple[str, int, str]:
    """`(path within the folder, bytes, ETag without quotes)` of an entry of a listing; Damaged when it is none."""
    about = (entry.get("metadata") or {}) if isinstance(entry, dict) else None
    if not isinstance(about, dict) or not is_text(entry.get("name")):
        raise Damaged(
            messages.gettext("its listing has %(value)s in place of a file") % {"value": shown(entry)}
        )
    size, etag = about.get("size") or 0, about.get("eTag") or ""
    if not is_whole(size, BIGINT) or size < 0 or not is_text(etag):
        words = {"file": entry["name"], "size": shown(size), "etag": shown(etag)}
        raise Damaged(
            messages.gettext(
                "its listing gives %(file)s the size %(size)s and the ETag %(etag)s, which can't be"
            )
            % words
        )
    return entry["name"], size, etag.removeprefix("W/").strip('"')


def forget(slug: str, names: Collection[str]) -> None:
    """Drop the remembered digests of files that are gone."""
    keys = [f"{slug}/{name}" for name in names]
    for start in range(0, len(keys), BATCH):
        RemoteFile.objects.filter(key__in=keys[start : start + BATCH]).delete()


def remember(slug: str, remote_files: Files, same_here: Files) -> None:
    """Store digests that an ETag does not tell; both are the same files, on either side."""
    RemoteFile.objects.bulk_create(
        [
            RemoteFile(
                key=f"{slug}/{file.path}", etag=file.etag, size=file.size, sha256=here.sha256, md5=here.md5
            )
            for name, file in remote_files.items()
            if (here := same_here.get(name)) and here.size == file.size
        ],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["etag", "size", "sha256", "md5"],
    )
