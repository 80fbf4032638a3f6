"""A file takes the place of another that people may want back."""

from functools import partial

from django.db import transaction
from django.utils.translation import gettext

from storage import archive, bucket

from ..errors import Changing, NotFound
from . import revisions, universes

TRIES = 10


def place(universe, name, path, cause, author="", *, asset=None, language=None):
    """Put the file at `path` into the universe's folder as `name`; a revision keeps what lay there.

    `asset`, `language`: the card or song that it belongs to, whose rows the revision keeps. NotFound when the card
    or the universe went meanwhile: then nothing is left behind. Else as `swap_in`.
    """

    def keep(kept):
        if asset or language:
            revisions.keep(universe, cause, author, kept, asset=asset, language=language)
        else:
            revisions.keep_files(universe.slug, cause, author, kept)

    return swap_in(universe, name, path, keep, lock=lambda: _lock(universe, asset))


def swap_in(universe, name, path, keep, lock):
    """Put the file at `path` under `name` once `keep({name: sha256})` has written down what lies there.

    Of several at once the last one stays, and each of the others is kept. Returns whether anything changed: the
    same bytes again change nothing. `keep` and the change happen under `lock()`, in a transaction each; none is
    open while bytes are copied.
    """
    made = bucket.digests(path)["sha256"]
    with bucket.incoming(path) as copy:
        for _ in range(TRIES):
            seen = bucket.stamp(universe.slug, name)
            kept = archive.keep_from_bucket(universe.slug, [name])
            if kept.get(name) == made:
                return False
            if kept:
                _under(lock, partial(keep, kept))
            # What is named twice does no harm, what nobody names is lost: so the revision comes first.
            if _under(lock, partial(_move, universe.slug, name, copy, seen)):
                return True
    raise Changing(
        gettext("%(name)s changes all the time; try again when its jobs have ended.") % {"name": name}
    )


@transaction.atomic
def _under(lock, change):
    lock()
    return change()


def _move(slug, name, copy, seen):
    """Whether the copy took the place of just what was `seen` there, and kept."""
    if bucket.stamp(slug, name) != seen:
        return False
    bucket.move_in(copy, slug, name)
    return True


def _lock(universe, asset):
    """Hold the universe, and so its cards, until the transaction ends; NotFound where there is none any more."""
    universes.lock(universe)
    # Not by its id, which a push may change.
    if asset and not _cards(universe, asset).exists():
        raise NotFound(gettext("'%(name)s' was not found; it was deleted meanwhile.") % {"name": asset})


def _cards(universe, asset):
    return universe.assets.filter(image_name=asset.image_name, created_at=asset.created_at)
