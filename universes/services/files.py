"""The files of universes: replaced while a revision keeps the former one, and thumbnails."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from django.db import transaction
from django.db.models import QuerySet

from storage import archive, bucket, pictures
from storage.files import digests
from storage.messages import gettext as _

from ..errors import Changing, NotFound
from ..models import Asset, Universe
from ..names import THUMBNAIL
from . import edits, revisions

TRIES = 10

Result = TypeVar("Result")
# `{file name: SHA-256 in the archive}`
Archived = dict[str, str]


def replace(
    universe: Universe,
    name: str,
    path: Path,
    cause: str,
    author: str = "",
    *,
    asset: Asset | None = None,
    language: str | None = None,
) -> bool:
    """Put the file at `path` into the universe's folder as `name`; a revision keeps the former file.

    `asset`, `language`: the card or song of the file, whose rows the revision keeps too. NotFound when the card or the
    universe is gone: then nothing is left behind. Else as `replace_recorded`.
    """

    def record(archived: Archived) -> None:
        if asset or language:
            revisions.create(universe, cause, author, archived, asset=asset, language=language)
        else:
            revisions.create_from(universe.slug, cause, author, archived)

    return replace_recorded(universe, name, path, record, partial(_lock, universe, asset))


def replace_recorded(
    universe: Universe, name: str, path: Path, record: Callable[[Archived], None], lock: Callable[[], None]
) -> bool:
    """Put the file at `path` under `name` after `record({name: sha256})` made a revision of the former file.

    Of several at once the last one stays, and each of the others has its revision. Returns whether anything changed:
    the same bytes again change nothing. `record` and the change happen under `lock()`, in a transaction each; none is
    open while bytes are copied. Changing when others replace the file all the time.
    """
    made = digests(path)["sha256"]
    with bucket.staged(path) as copy:
        for _attempt in range(TRIES):
            stamp = bucket.stamp(universe.slug, name)
            archived = archive.add_from_bucket(universe.slug, [name])
            if archived.get(name) == made:
                return False
            if archived:
                _locked(lock, partial(record, archived))
            # A file with two revisions does no harm, one with none is lost: so the revision comes first.
            if _locked(lock, partial(_move, universe.slug, name, copy, stamp)):
                return True
    raise Changing(_("%(name)s changes all the time; try again when its jobs have ended.") % {"name": name})


@transaction.atomic
def _locked(lock: Callable[[], None], change: Callable[[], Result]) -> Result:
    lock()
    return change()


def _move(slug: str, name: str, copy: str, stamp: tuple[int, int, int] | None) -> bool:
    """Whether the copy took the place of the very file that was archived."""
    if bucket.stamp(slug, name) != stamp:
        return False
    bucket.commit(copy, slug, name)
    return True


def _lock(universe: Universe, asset: Asset | None) -> None:
    """Hold the universe, and so its cards, until the transaction ends; NotFound for what is gone."""
    edits.lock(universe)
    # Not by its id, which a push may change.
    if asset and not _same_card(universe, asset).exists():
        raise NotFound(_("'%(name)s' was not found; it was deleted meanwhile.") % {"name": asset})


def _same_card(universe: Universe, asset: Asset) -> QuerySet[Asset]:
    return universe.assets.filter(image_name=asset.image_name, created_at=asset.created_at)


# --- Thumbnails


def thumbnail_from(universe: Universe, path: Path) -> Archived:
    """Make the thumbnail from the picture at `path` where the universe has none; its `{name: sha256}`, or nothing.

    A file is left beside `path`, in whose folder nothing else may have that name.
    """
    if universe.thumbnail_url or THUMBNAIL in bucket.names(universe.slug):
        return {}
    small = path.with_name(THUMBNAIL)
    shrink(path, small)
    return _take_if_first(universe, small)


def shrink(path: Path, target: Path, wait_seconds: float | None = None) -> None:
    """Write the picture at `path` to `target` as a thumbnail; raises Busy as `pictures.cleaned`."""
    target.write_bytes(pictures.jpeg(path, pictures.THUMBNAIL_PIXELS, wait_seconds=wait_seconds))


@transaction.atomic
def _take_if_first(universe: Universe, small: Path) -> Archived:
    """Of pictures that are finished at once, the first makes the thumbnail."""
    held = Universe.objects.select_for_update().filter(pk=universe.pk).exists()
    if not held or THUMBNAIL in bucket.names(universe.slug):
        return {}
    bucket.put(small, universe.slug, THUMBNAIL)
    return {THUMBNAIL: digests(small)["sha256"]}
