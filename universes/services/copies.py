"""Copies of a universe: a snapshot of its rows and files, a new universe made of both, duplicates."""

import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import IO, TypeVar

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from api import idempotency
from storage import bucket
from storage.names import ANY_TYPE, media_type
from storage.protocol import StagedFolder

from .. import rows as tables
from ..errors import AlreadyExists, Changing
from ..models import Universe
from ..names import NAME_LENGTH, cut, file_of, make_slug, video_names
from ..rows import TABLES, UNIVERS, UNIVERS_ASSETS, Row, Rows, Table
from . import revisions
from .universes import check_slug, find, free_slug

TRIES = 5
BATCH = 500
# Columns of a universe that may lead to a file of its folder.
URL_COLUMNS = ("thumbnail_url", "background_music")
# Times of the original that its copy does not take over.
WHEN = ("created_at", "updated_at")
# For so long an order that is sent again leads to the copy that it made.
ORDERS_KEPT = timedelta(days=1)

Copy = TypeVar("Copy")
Put = TypeVar("Put")


@dataclass(frozen=True)
class Snapshot:
    """A universe at one moment. `files`: `{name: (size in bytes, time of change in ns)}`."""

    slug: str
    rows: Rows
    files: dict[str, tuple[int, int]]

    def copy_files(self, put: Callable[[str, int, IO[bytes]], Put]) -> dict[str, Put] | None:
        """`put(name, size, file)` every file: `{name: its result}`; None when the universe changed meanwhile."""
        done = {}
        try:
            for name, (size, _time) in self.files.items():
                with bucket.bucket().opened(f"{self.slug}/{name}")[0] as source:
                    done[name] = put(name, size, source)
        except FileNotFoundError:
            return None
        return done if snapshot(self.slug) == self else None


def snapshot(slug: str) -> Snapshot:
    """The present Snapshot of a universe; NotFound when there is none. No file is read."""
    with transaction.atomic():
        found = tables.read(find(slug))
    files, names = bucket.bucket().files(slug), named(found)
    ours = {name: stat for name, stat in sorted(files.items()) if name in names or is_medium(name)}
    return Snapshot(slug, found, {name: (stat.st_size, stat.st_mtime_ns) for name, stat in ours.items()})


def of_one_moment(slug: str, copy: Callable[[Snapshot], Copy | None]) -> Copy:
    """`copy(Snapshot)` of a universe, tried again as long as it returns None; Changing when it always does."""
    for _attempt in range(TRIES):
        if (made := copy(snapshot(slug))) is not None:
            return made
    raise Changing(_("'%(slug)s' changes all the time; try again when its jobs have ended.") % {"slug": slug})


def is_medium(name: str) -> bool:
    """Whether a file is a picture, clip or song by its name; other files that no row names are not copied."""
    return media_type(name) != ANY_TYPE


def named(rows: Rows) -> set[str]:
    """The names of all files that a universe's rows may name, whatever their suffixes."""
    pictures = [row["image_name"] for row in rows[UNIVERS_ASSETS.name]]
    linked = (file_of(row[column]) for row in rows[UNIVERS.name] for column in URL_COLUMNS)
    clips = (clip for picture in pictures for clip in video_names(picture))
    return {*pictures, *clips, *linked}


# --- A new universe of rows and files


def check_free(slug: str) -> None:
    """Raise Invalid or AlreadyExists unless a new universe can have this slug."""
    check_slug(slug)
    if Universe.objects.filter(slug=slug).exists():
        raise AlreadyExists(
            _("Universe with slug '%(slug)s' already exists; give another slug.") % {"slug": slug}
        )


def create(
    slug: str, rows: Rows, prepared: StagedFolder, also: Callable[[Universe], None] | None = None
) -> Universe:
    """Make a universe of rows and a prepared folder: both or neither.

    Its own id and slug are new; any other id of a row must be free. AlreadyExists for a taken slug or folder.
    `also(universe)`, if given, is part of the transaction.
    """
    try:
        with ExitStack() as undo:
            with transaction.atomic():
                revisions.trash_folder(slug)
                universe = _create_rows(slug, rows)
                if also:
                    also(universe)
                prepared.commit(slug)
                undo.callback(prepared.roll_back, slug)
            undo.pop_all()
    except FileExistsError:
        raise AlreadyExists(
            _("A folder with files of '%(slug)s' already exists; give another slug.") % {"slug": slug}
        ) from None
    except IntegrityError:
        check_free(slug)
        raise
    revisions.archive_leaving(slug)
    return universe


def _create_rows(slug: str, rows: Rows) -> Universe:
    (row,) = rows[UNIVERS.name]
    universe = Universe.objects.create(**{**row, "id": None, "slug": slug})
    for table in TABLES[1:]:
        own = {"universe_id": universe.pk} if table.parent == "univers_id" else {}
        made = [
            table.model(**{table.attribute(column): value for column, value in row.items()} | own)
            for row in rows[table.name]
        ]
        table.model._default_manager.bulk_create(made, batch_size=BATCH)
    return universe


def with_media_urls(row: Row, old: str, new: str) -> Row:
    """The universe's row whose media URLs in the folder `old` lead into the folder `new`."""
    before, after = (f"{settings.BUCKET_PREFIX}/{slug}/" for slug in (old, new))
    return row | {column: row[column].replace(before, after) for column in URL_COLUMNS if row[column]}


def with_new_ids(rows: Rows, needs: Callable[[Table, Row], bool]) -> Rows:
    """The rows with a new id wherever `needs(table, row)`; children follow their card. The universe's own stays."""
    ids = {
        row["id"]: str(uuid.uuid4()) for table in TABLES[1:] for row in rows[table.name] if needs(table, row)
    }
    return {table: [_with_ids(row, ids) for row in items] for table, items in rows.items()}


def _with_ids(row: Row, ids: Mapping[str, str]) -> Row:
    return {
        column: ids.get(value, value) if column in ("id", "asset_id") else value
        for column, value in row.items()
    }


# --- Duplicates


def duplicate(universe: Universe, *, name: str = "", slug: str = "", once: str = "") -> Universe:
    """Make a universe with the same cards, names, prompts, songs and files.

    It starts private, so that no child sees an unedited copy. `name`: the original's with a word before it when empty;
    `slug`: a free one, made from the name, when empty. All ids are new, and the copy has never been synced. Rows and
    files are of one moment; no transaction is open while files are copied.
    `once`: a text of at most 64 characters that identifies the order: sent again, even at the same moment, it leads to
    the one copy.
    Raises Invalid, AlreadyExists, NotFound, KeyRefused, and Changing for a universe that changes all the time.
    """
    tries = 1 if slug else TRIES
    while True:
        tries -= 1
        try:
            return _ordered(once, universe.slug) or _duplicate(universe, name, slug, once)
        except (AlreadyExists, IntegrityError):
            # The same order may have been done meanwhile; where no slug was given, the next may be free.
            if earlier := _ordered(once, universe.slug):
                return earlier
            if not tries:
                raise


def _ordered(once: str, slug: str) -> Universe | None:
    """The copy that this order has made of the universe with this slug."""
    return idempotency.find(once, _order(slug), Universe)


def _order(slug: str) -> str:
    return f"copy:{slug}"


def _duplicate(universe: Universe, name: str, slug: str, once: str) -> Universe:
    name = name or default_name(universe)
    slug = slug or free_slug(make_slug(name))
    check_free(slug)
    note = partial(idempotency.record, once, _order(universe.slug), kept=ORDERS_KEPT)
    return of_one_moment(universe.slug, partial(_create_copy, name, slug, note))


def _create_copy(
    name: str, slug: str, note: Callable[[Universe], None], original: Snapshot
) -> Universe | None:
    with bucket.staged_folder() as prepared:
        if original.copy_files(partial(_put, prepared)) is None:
            return None
        return create(slug, _rows(original, name, slug), prepared, note)


def _put(prepared: StagedFolder, name: str, _size: int, source: IO[bytes]) -> None:
    prepared.add(name, source)


def default_name(universe: Universe) -> str:
    """The default name of a copy, no longer than a name may be."""
    return cut(_("Copy of %(name)s") % {"name": universe.name}, NAME_LENGTH)


def _rows(original: Snapshot, name: str, slug: str) -> Rows:
    rows = with_new_ids(original.rows, lambda table, row: True)
    rows = {table: [_fresh(row) for row in items] for table, items in rows.items()}
    (universe,) = rows[UNIVERS.name]
    own = with_media_urls(universe, original.slug, slug) | {"name": name, "is_public": False}
    return rows | {UNIVERS.name: [own]}


def _fresh(row: Row) -> Row:
    now = timezone.now()
    return {column: now if column in WHEN else value for column, value in row.items()}
