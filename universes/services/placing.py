"""A file takes the place of another that people may want back."""

from django.db import transaction

from storage import archive, bucket

from ..errors import Changing, NotFound
from . import revisions
from .universes import lock

TRIES = 10


def place(universe, name, path, cause, author="", *, asset=None, language=None):
    """Put the file at `path` into the universe's folder as `name`; a revision keeps what lay there.

    `asset`, `language`: the card or song that it belongs to, whose rows the revision keeps. Of several at once the
    last one stays, and each of the others is kept. Returns whether anything changed: the same bytes again change
    nothing. NotFound when the card or the universe went meanwhile: then nothing is left behind. No transaction
    is open while bytes are copied.
    """
    made = bucket.digests(path)["sha256"]
    with bucket.incoming(path) as copy:
        for _ in range(TRIES):
            seen = bucket.stamp(universe.slug, name)
            kept = archive.keep_from_bucket(universe.slug, [name])
            if kept.get(name) == made:
                return False
            if kept:
                _keep(universe, cause, author, kept, asset, language)
            if _swap(universe, name, copy, seen, asset):
                return True
    raise Changing(f"{name} changes all the time; try again when its jobs have ended.")


@transaction.atomic
def _keep(universe, cause, author, kept, asset, language):
    # Before the file goes: one that is named twice does no harm, one that nobody names is lost.
    _lock(universe, asset)
    if asset or language:
        revisions.keep(universe, cause, author, kept, asset=asset, language=language)
    else:
        revisions.keep_files(universe.slug, cause, author, kept)


@transaction.atomic
def _swap(universe, name, copy, seen, asset):
    """Whether the copy took the place of just what was `seen` there, and kept."""
    _lock(universe, asset)
    if bucket.stamp(universe.slug, name) != seen:
        return False
    bucket.move_in(copy, universe.slug, name)
    return True


def _lock(universe, asset):
    """Hold the universe, and so its cards, until the transaction ends; NotFound where there is none any more."""
    lock(universe)
    # Not by its id, which a push may change.
    if asset and not _cards(universe, asset).exists():
        raise NotFound(f"'{asset}' was not found; it was deleted meanwhile.")


def _cards(universe, asset):
    return universe.assets.filter(image_name=asset.image_name, created_at=asset.created_at)
