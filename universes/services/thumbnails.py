"""A universe's small picture: the first card's, until somebody chooses another."""

from pathlib import Path

from django.db import transaction

from storage import bucket, pictures

from ..models import Universe
from ..names import THUMBNAIL


def from_first(universe, path):
    """Make the thumbnail from the picture at `path` where the universe has none; the `{name: sha256}` of what was.

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
def _take_if_first(universe, small):
    """Of pictures that are finished at once, the first makes the thumbnail."""
    held = Universe.objects.select_for_update().filter(pk=universe.pk).exists()
    if not held or THUMBNAIL in bucket.names(universe.slug):
        return {}
    bucket.take(small, universe.slug, THUMBNAIL)
    return {THUMBNAIL: bucket.digests(small)["sha256"]}
