"""What an archive of a universe says of itself, and whether that can be believed.

`{"format": "magikswipe-universe", "version": 1, "rows": {table: [row]}, "files": [{"name", "size", "sha256"}]}`:
rows as `universes.rows` reads them, sizes in bytes, hashes in hex. The slug is that of the one row of `univers`.
"""

import json
import re
import uuid
from datetime import UTC, datetime

from django.db import models
from django.utils.translation import gettext as _

from storage.names import is_safe_segment

from ..errors import Invalid
from ..models import LANGUAGES
from ..names import is_address, is_slug
from ..rows import TABLES, UNIVERS, UNIVERS_ASSETS
from .whole import ADDRESSES, is_medium, named

FORMAT, VERSION = "magikswipe-universe", 1
LARGEST_INTEGER = 2**31


def refuse(sentence):
    return Invalid("archive", sentence)


def write(rows, files):
    """The bytes of a manifest; `files`: `{name: (size, sha256)}`."""
    listed = [{"name": name, "size": size, "sha256": sha256} for name, (size, sha256) in files.items()]
    whole = {"format": FORMAT, "version": VERSION, "rows": rows, "files": listed}
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def read(content):
    """`(rows, files)` of a manifest's bytes, all of it checked; Invalid says what is wrong with it."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise refuse(_("The archive's manifest.json is not valid JSON; export the universe anew.")) from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise refuse(_("The archive's manifest.json is not that of a MagikSwipe universe."))
    _check_version(found.get("version"))
    rows = found.get("rows")
    _check_rows(rows)
    return rows, _read_files(found.get("files"), named(rows))


def _check_version(version):
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


def _read_files(files, named):
    found = {}
    for file in files if isinstance(files, list) else [None]:
        if not isinstance(file, dict) or not _describes_a_file(
            named, **{k: file.get(k) for k in ("name", "size", "sha256")}
        ):
            raise refuse(
                _("The archive's manifest.json lists a file without a name, size or SHA-256 that can be.")
            )
        if file["name"] in found:
            raise refuse(_("The archive's manifest.json lists '%(name)s' twice.") % {"name": file["name"]})
        found[file["name"]] = (file["size"], file["sha256"])
    return found


def _describes_a_file(named, name, size, sha256):
    return (
        isinstance(name, str)
        and is_safe_segment(name)
        and (name in named or is_medium(name))
        and type(size) is int
        and size >= 0
        and isinstance(sha256, str)
        and bool(re.fullmatch(r"[0-9a-f]{64}", sha256))
    )


def _check_rows(rows):
    if not isinstance(rows, dict) or rows.keys() != {table.name for table in TABLES}:
        raise refuse(
            _("The archive's rows must be of the tables %(tables)s.")
            % {"tables": ", ".join(table.name for table in TABLES)}
        )
    parents = {}
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


def _check_row(table, row):
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


def _check_names(table, row):
    wrong = (
        (table is UNIVERS and not is_slug(row["slug"]) and "slug")
        or ("language" in row and row["language"] not in LANGUAGES and "language")
        or (table is UNIVERS and next((c for c in ADDRESSES if not is_address(row[c] or "")), None))
        or (table is UNIVERS_ASSETS and not is_safe_segment(row["image_name"]) and "image_name")
    )
    if wrong:
        raise refuse(
            _("%(name)s.%(column)s in the archive can't be %(value)s.")
            % {"name": table.name, "column": wrong, "value": json.dumps(row[wrong])[:60]}
        )


def _fits(field, value):
    """Whether a JSON value is one of a column, as `rows.to_row` writes it."""
    if value is None:
        return field.null
    while field.is_relation:
        field = field.target_field
    return next(fits for kind, fits in KINDS if isinstance(field, kind))(value)


def _is_text(value):
    # What no database takes: NUL, and halves of a character that JSON can spell.
    return isinstance(value, str) and "\0" not in value and value == value.encode(errors="ignore").decode()


def _is_uuid(value):
    return isinstance(value, str) and _parses(uuid.UUID, value) and value == str(uuid.UUID(value))


def _is_time(value):
    return (
        isinstance(value, str)
        and _parses(_to_utc, value)
        and datetime.fromisoformat(value).tzinfo is not None
    )


def _to_utc(value):
    return datetime.fromisoformat(value).astimezone(UTC)


def _is_integer(value):
    return type(value) is int and -LARGEST_INTEGER <= value < LARGEST_INTEGER


def _parses(parse, value):
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


def _check_parent(table, row, parents):
    if (
        table.parent
        and row[table.parent]
        not in parents[UNIVERS.name if table.parent == "univers_id" else UNIVERS_ASSETS.name]
    ):
        raise refuse(_("A row of %(name)s in the archive belongs to nothing in it.") % {"name": table.name})


def _check_unique(table, items):
    for columns in (("id",), tuple(column for column in (table.parent, *table.natural) if column)):
        seen = {tuple(row[column] for column in columns) for row in items}
        if len(seen) < len(items):
            raise refuse(
                _("Two rows of %(name)s in the archive have the same %(columns)s.")
                % {"name": table.name, "columns": " and ".join(columns)}
            )
