"""Imports: a universe made of an exported zip file, all of it or nothing.

The sender may have made the file by hand: nothing in it is believed, and nothing is written where it could be seen
before all of it is checked.
"""

import json
import re
import uuid
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from storage.bucket import staged_folder
from storage.files import CHUNK, Readable
from storage.names import is_safe_segment
from storage.protocol import StagedFolder

from ..errors import TooLarge
from ..models import LANGUAGES, Universe
from ..names import is_slug, is_url
from ..rows import TABLES, UNIVERS, UNIVERS_ASSETS, Row, Rows, Table
from . import copies, zips
from .exports import FILES, FORMAT, MANIFEST, VERSION
from .zips import Members, refuse

LARGEST_MANIFEST = 32 * 1024 * 1024
# Of rows and files in a manifest; each takes more memory than it has bytes.
MOST_THINGS = 500_000
LARGEST_INTEGER = 2**31
BATCH = 500

# `{name: (size in bytes, SHA-256)}`
Files = dict[str, tuple[int, str]]


def receive(stream: Readable, target: Path) -> None:
    """Write a stream to the path `target`; TooLarge beyond IMPORT_MAX_MB, Invalid for an empty one."""
    size = 0
    with target.open("wb") as file:
        while piece := stream.read(CHUNK):
            check_size(size := size + len(piece))
            file.write(piece)
    if not size:
        raise refuse(_("No archive came; send its bytes as the body."))


def check_size(size: int) -> None:
    """Raise TooLarge for more bytes than an import may have."""
    if size > settings.IMPORT_MAX_MB * 1024 * 1024:
        raise TooLarge(
            _("The archive is larger than %(most)s MB; raise IMPORT_MAX_MB to import it.")
            % {"most": settings.IMPORT_MAX_MB}
        )


def load(path: str | Path, slug: str = "") -> Universe:
    """Make a universe of the export at `path`, under its own slug unless another is given.

    Under its own slug, rows keep those ids that are free here, so that a later sync knows them again; under
    another it is a copy, with ids of its own. Invalid says what is wrong with the file; AlreadyExists for a taken slug,
    TooLarge as `check_size`. Whatever is raised, nothing of it stays.
    """
    with zips.opened(path) as archive:
        members = _members(archive)
        rows, files = _read(_manifest(archive, members))
        listed = _listed(members, files)
        own = rows[UNIVERS.name][0]["slug"]
        copies.check_free(slug or own)
        with staged_folder() as prepared:
            for name, expected in files.items():
                _unpack(archive, listed[name], name, expected, prepared)
            return copies.create(slug or own, _rows(rows, own, slug or own), prepared)


def _rows(rows: Rows, own: str, slug: str) -> Rows:
    (universe,) = rows[UNIVERS.name]
    rows = copies.with_new_ids(rows, _needs_an_id(rows, is_copy=slug != own))
    return {**rows, UNIVERS.name: [copies.with_media_urls(universe, own, slug)]}


def _members(archive: zipfile.ZipFile) -> Members:
    found = zips.members(archive, MANIFEST)
    check_size(sum(info.file_size for info in found.values()))
    return found


def _manifest(archive: zipfile.ZipFile, members: Members) -> bytes:
    """The bytes of the manifest, which is taken out of the members."""
    name = zips.matched(members, [MANIFEST]).get(MANIFEST)
    if not name:
        raise refuse(_("The archive has no manifest.json; it is not an exported universe."))
    info = members.pop(name)
    if info.file_size > LARGEST_MANIFEST:
        raise refuse(_("The archive's manifest.json is too large to be one."))
    with zips.unpacked(archive, info) as source:
        content = source.read()
    if content.count(b"{") + content.count(b"[") > MOST_THINGS:
        raise refuse(_("The archive's manifest.json is too large to be one."))
    return content


def _listed(members: Members, files: Files) -> Members:
    """The members that the manifest lists, by file name; Invalid unless those are all."""
    names = zips.matched(members, (f"{FILES}{name}" for name in files))
    if unknown := sorted(members.keys() - names.values()):
        raise refuse(
            _("The archive holds %(name)s, which its manifest.json does not list.")
            % {"name": repr(unknown[0][:80])}
        )
    if missing := sorted({f"{FILES}{name}" for name in files} - names.keys()):
        raise refuse(
            _("The archive lacks %(name)s, which its manifest.json lists.") % {"name": repr(missing[0])}
        )
    return {name.removeprefix(FILES): members[there] for name, there in names.items()}


def _unpack(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    name: str,
    expected: tuple[int, str],
    prepared: StagedFolder,
) -> None:
    # zipfile reads no more than the size that is declared, which the sum was checked for.
    with zips.unpacked(archive, info) as source:
        if prepared.add(name, source) != expected:
            raise refuse(
                _("The archive's '%(name)s' is not what its manifest.json says; export the universe anew.")
                % {"name": name}
            )


def _needs_an_id(rows: Rows, is_copy: bool) -> Callable[[Table, Row], bool]:
    """Whether a row can't keep its id."""
    used = {} if is_copy else {table: _used(table, rows[table.name]) for table in TABLES[1:]}
    return lambda table, row: is_copy or row["id"] in used[table]


def _used(table: Table, items: list[Row]) -> set[str]:
    """The ids among those of the rows that are taken here."""
    ids, taken = [row["id"] for row in items], table.model._default_manager.values_list("pk", flat=True)
    pages = (taken.filter(pk__in=ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))
    return {str(pk) for page in pages for pk in page}


# --- The manifest


def _read(content: bytes) -> tuple[Rows, Files]:
    """The rows and files of a manifest, all of it checked; Invalid says what is wrong with it."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise refuse(_("The archive's manifest.json is not valid JSON; export the universe anew.")) from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise refuse(_("The archive's manifest.json is not that of a MagikSwipe universe."))
    _check_version(found.get("version"))
    rows = _checked_rows(found.get("rows"))
    return rows, _read_files(found.get("files"), copies.named(rows))


def _check_version(version: object) -> None:
    if type(version) is not int or version < 1:
        raise refuse(_("The archive's manifest.json has no version."))
    if version > VERSION:
        raise refuse(
            _(
                "The archive has version %(version)s of the format and this installation reads "
                "%(own)s; update this installation first."
            )
            % {"version": version, "own": VERSION}
        )


def _read_files(files: object, named: set[str]) -> Files:
    found: Files = {}
    for file in files if isinstance(files, list) else [None]:
        if not isinstance(file, dict) or not _is_file(named, *map(file.get, ("name", "size", "sha256"))):
            raise refuse(
                _("The archive's manifest.json lists a file without a name, size or SHA-256 that can be.")
            )
        if file["name"] in found:
            raise refuse(_("The archive's manifest.json lists '%(name)s' twice.") % {"name": file["name"]})
        found[file["name"]] = (file["size"], file["sha256"])
    return found


def _is_file(named: set[str], name: object, size: object, sha256: object) -> bool:
    return (
        isinstance(name, str)
        and is_safe_segment(name)
        and (name in named or copies.is_medium(name))
        and type(size) is int
        and size >= 0
        and isinstance(sha256, str)
        and bool(re.fullmatch(r"[0-9a-f]{64}", sha256))
    )


def _checked_rows(rows: Any) -> Rows:
    if not isinstance(rows, dict) or rows.keys() != {table.name for table in TABLES}:
        raise refuse(
            _("The archive's rows must be of the tables %(tables)s.")
            % {"tables": ", ".join(table.name for table in TABLES)}
        )
    parents: dict[str, set[str]] = {}
    for table in TABLES:
        items = rows[table.name]
        if not isinstance(items, list):
            raise refuse(_("The archive's rows of %(name)s are no list.") % {"name": table.name})
        for row in items:
            _check_row(table, row)
            _check_parent(table, row, parents)
        _check_unique(table, items)
        parents[table.name] = {row["id"] for row in items}
        if table is UNIVERS and len(items) != 1:
            raise refuse(_("The archive must have one row of univers."))
    return dict(rows)


def _check_row(table: Table, row: Any) -> None:
    if not isinstance(row, dict) or row.keys() != set(table.columns):
        raise refuse(
            _("A row of %(name)s in the archive must have the columns %(columns)s.")
            % {"name": table.name, "columns": ", ".join(table.columns)}
        )
    for column, value in row.items():
        field = table.model._meta.get_field(table.attribute(column))
        if not _fits(field, value):
            raise refuse(
                _("%(name)s.%(column)s in the archive can't be %(value)s.")
                % {"name": table.name, "column": column, "value": json.dumps(value)[:60]}
            )
    _check_names(table, row)


def _check_names(table: Table, row: Row) -> None:
    wrong = (
        (table is UNIVERS and not is_slug(row["slug"]) and "slug")
        or ("language" in row and row["language"] not in LANGUAGES and "language")
        or (table is UNIVERS and next((c for c in copies.URL_COLUMNS if not is_url(row[c] or "")), None))
        or (table is UNIVERS_ASSETS and not is_safe_segment(row["image_name"]) and "image_name")
    )
    if wrong:
        raise refuse(
            _("%(name)s.%(column)s in the archive can't be %(value)s.")
            % {"name": table.name, "column": wrong, "value": json.dumps(row[wrong])[:60]}
        )


def _fits(field: Any, value: object) -> bool:
    """Whether a JSON value is one of a column, as `rows.to_row` writes it."""
    if value is None:
        return bool(field.null)
    while field.is_relation:
        field = field.target_field
    return next(fits for kind, fits in KINDS if isinstance(field, kind))(value)


def _is_text(value: object) -> bool:
    # No database takes NUL, or halves of a character that JSON can spell.
    return isinstance(value, str) and "\0" not in value and value == value.encode(errors="ignore").decode()


def _is_uuid(value: object) -> bool:
    return isinstance(value, str) and _parses(uuid.UUID, value) and value == str(uuid.UUID(value))


def _is_time(value: object) -> bool:
    return (
        isinstance(value, str)
        and _parses(_to_utc, value)
        and datetime.fromisoformat(value).tzinfo is not None
    )


def _to_utc(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


def _is_integer(value: object) -> bool:
    return type(value) is int and -LARGEST_INTEGER <= value < LARGEST_INTEGER


def _parses(parse: Callable[[str], object], value: str) -> bool:
    try:
        parse(value)
    except (ValueError, OverflowError):
        return False
    return True


KINDS = (
    (models.BooleanField, lambda value: isinstance(value, bool)),
    (models.UUIDField, _is_uuid),
    (models.DateTimeField, _is_time),
    # The universe's own id, which stays behind.
    (models.BigAutoField, lambda value: type(value) is int),
    (models.IntegerField, _is_integer),
    (models.TextField, _is_text),
)


def _check_parent(table: Table, row: Row, parents: dict[str, set[str]]) -> None:
    if (
        table.parent
        and row[table.parent]
        not in parents[UNIVERS.name if table.parent == "univers_id" else UNIVERS_ASSETS.name]
    ):
        raise refuse(_("A row of %(name)s in the archive belongs to nothing in it.") % {"name": table.name})


def _check_unique(table: Table, items: list[Row]) -> None:
    for columns in (("id",), tuple(column for column in (table.parent, *table.natural) if column)):
        seen = {tuple(row[column] for column in columns) for row in items}
        if len(seen) < len(items):
            raise refuse(
                _("Two rows of %(name)s in the archive have the same %(columns)s.")
                % {"name": table.name, "columns": " and ".join(columns)}
            )
