"""The picture that stands for a universe."""

from universes import media

from .progress import files


def thumbnail_url(universe):
    """The universe's thumbnail, else its first picture, so that editors see something."""
    present = files(universe)
    pictures = (media.image_url(universe.slug, asset, present) for asset in universe.assets.all())
    return media.thumbnail_url(universe, present) or next(filter(None, pictures), None)
