"""A universe taken as a whole, rows and files of one moment, and put down as a new one."""

from contextlib import ExitStack
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from storage import bucket
from storage.names import ANY_TYPE, media_type

from .. import rows
from ..errors import AlreadyExists, Changing, Invalid
from ..models import Universe
from ..names import SLUG_LENGTH, file_of, is_slug, video_names
from ..rows import TABLES, UNIVERS, UNIVERS_ASSETS
from . import revisions
from .universes import find

TRIES = 5
BATCH = 500
# Columns of a universe that may lead to a file of its folder.
ADDRESSES = ("thumbnail_url", "background_music")


@dataclass(frozen=True)
class Whole:
    """`rows` by table name, as `rows.read` has them; `files`: `{name: (size in bytes, time of change)}`."""

    slug: str
    rows: dict
    files: dict

    def copied(self, put):
        """`put(name, size, file object)` every file: `{name: what it returned}`; None when this no longer stands."""
        done = {}
        try:
            for name, (size, _) in self.files.items():
                with bucket.bucket().open(f"{self.slug}/{name}") as source:
                    done[name] = put(name, size, source)
        except FileNotFoundError:
            return None
        return done if take(self.slug) == self else None


def take(slug):
    """The universe as it stands; NotFound when there is none. No file is read."""
    with transaction.atomic():
        found = rows.read(find(slug))
    files, names = bucket.bucket().files(slug), named(found)
    ours = {name: stat for name, stat in sorted(files.items()) if name in names or is_medium(name)}
    return Whole(slug, found, {name: (stat.st_size, stat.st_mtime_ns) for name, stat in ours.items()})


def attempts(slug):
    """A Whole for each attempt at copying it; Changing when the last is over, since copies take their time."""
    for _ in range(TRIES):
        yield take(slug)
    raise Changing(
        gettext("'%(slug)s' changes all the time; try again when its jobs have ended.") % {"slug": slug}
    )


def is_medium(name: str) -> bool:
    """Whether a file is a picture, clip or song by its name; other files that no row names are not copied."""
    return media_type(name) != ANY_TYPE


def named(rows: dict) -> set[str]:
    """The names of all files that a universe's rows, by table name, may name, whatever their suffixes."""
    pictures = [row["image_name"] for row in rows[UNIVERS_ASSETS.name]]
    addressed = (file_of(row[column]) for row in rows[UNIVERS.name] for column in ADDRESSES)
    clips = (clip for picture in pictures for clip in video_names(picture))
    return {*pictures, *clips, *addressed}


def check_free(slug):
    """Raise Invalid or AlreadyExists unless a new universe can have this slug."""
    if not is_slug(slug):
        raise Invalid(
            "slug",
            gettext("slug takes a-z and 0-9, joined by single '-' or '_', %(most)s characters at most.")
            % {"most": SLUG_LENGTH},
        )
    if Universe.objects.filter(slug=slug).exists():
        raise AlreadyExists(
            gettext("Universe with slug '%(slug)s' already exists; give another slug.") % {"slug": slug}
        )


def put_down(slug, found, prepared, also=None):
    """Make a universe of rows and a prepared folder: both or neither. Returns it.

    Its own id and slug are new; any other id that a row has must be free here. AlreadyExists for a slug or a
    folder that is taken. `also(universe)`, if given, is part of the transaction.
    """
    try:
        with ExitStack() as undo:
            with transaction.atomic():
                revisions.set_aside_folder(slug)
                universe = _create(slug, found)
                if also:
                    also(universe)
                prepared.appear(slug)
                undo.callback(prepared.vanish, slug)
            undo.pop_all()
    except FileExistsError:
        raise AlreadyExists(
            gettext("A folder with files of '%(slug)s' already exists; give another slug.") % {"slug": slug}
        ) from None
    except IntegrityError:
        check_free(slug)
        raise
    revisions.finish(slug)
    return universe


def _create(slug, found):
    (row,) = found[UNIVERS.name]
    universe = Universe.objects.create(**{**row, "id": None, "slug": slug})
    for table in TABLES[1:]:
        own = {"universe_id": universe.pk} if table.parent == "univers_id" else {}
        made = [
            table.model(**{table.attribute(column): value for column, value in row.items()} | own)
            for row in found[table.name]
        ]
        table.model.objects.bulk_create(made, batch_size=BATCH)
    return universe


def moved(row, old, new):
    """The universe's row with addresses in the old folder that are ours leading into the new one."""
    before, after = (f"{settings.BUCKET_PREFIX}/{slug}/" for slug in (old, new))
    addresses = {column: row[column].replace(before, after) for column in ADDRESSES if row[column]}
    return {**row, **addresses}
