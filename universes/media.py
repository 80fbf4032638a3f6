"""The files of a universe and its cards, and their media URLs."""

from collections.abc import Container

from django.conf import settings

from storage import bucket

from .models import Asset, Universe
from .names import THUMBNAIL, clip_of, former_video_name, music_name, video_name, video_names


def url(slug: str, name: str | None, present: Container[str]) -> str | None:
    """The media URL of a file, None for one that is not among those present."""
    return f"{settings.BUCKET_PREFIX}/{slug}/{name}" if name in present else None


def is_own(slug: str, url: str | None) -> bool:
    """Whether a URL leads to a file right in this universe's folder; a column may hold any text."""
    folder, _, name = (url or "").rpartition("/")
    return bool(name) and folder == f"{settings.BUCKET_PREFIX}/{slug}"


def present(slug: str) -> Container[str]:
    """The names of a universe's files."""
    return bucket.names(slug)


def thumbnail_url(universe: Universe, files: Container[str] | None = None) -> str | None:
    """The URL of a universe's thumbnail, None where it has none; `files`: the names in its folder."""
    return thumbnail(universe.slug, universe.thumbnail_url, files)


def thumbnail(slug: str, column: str | None, files: Container[str] | None = None) -> str | None:
    """The column's URL; a bare name is a file in the folder, an empty column stands for `thumbnail.jpg`."""
    if not looks_into_folder(column):
        return column
    name = column or THUMBNAIL
    return url(slug, name, present(slug) if files is None else files) or column or None


def looks_into_folder(column: str | None) -> bool:
    """Whether the meaning of this column of a thumbnail depends on the universe's files."""
    return "/" not in (column or "")


def is_fallback(slug: str, url: str | None) -> bool:
    """Whether this is the URL of the thumbnail of a universe whose column is empty."""
    return is_own(slug, url) and (url or "").endswith(f"/{THUMBNAIL}")


def image_url(slug: str, asset: Asset, files: Container[str]) -> str | None:
    return url(slug, asset.image_name, files)


def video_url(slug: str, asset: Asset, files: Container[str]) -> str | None:
    return url(slug, clip_of(asset.image_name, files), files)


def music_url(slug: str, language: str, files: Container[str]) -> str | None:
    return url(slug, music_name(language), files)


def files_of(asset: Asset) -> list[str]:
    """The names that a card's picture and clip may have, whether they exist or not."""
    return [asset.image_name, *video_names(asset.image_name)]


def clip_name(slug: str, image_name: str) -> str:
    """The name under which the clip of a card's picture is written: its former one only where it lies there."""
    name, former = video_name(image_name), former_video_name(image_name)
    if name == former:
        return name
    files = present(slug)
    return former if former in files and name not in files else name
