"""Universes and cards as the API reads them: few statements, however many rows."""

from django.db.models import Q

from .models import UniverseTranslation
from .services import universes

ORDERINGS = tuple(
    sign + field
    for field in ("created_at", "updated_at", "last_synced_at", "name", "slug", "asset_count")
    for sign in ("", "-")
)
NEWEST = "-created_at"


def visible(all_of_them):
    """Every universe with its `asset_count`, or the public ones alone."""
    found = universes.listing()
    return found if all_of_them else found.filter(is_public=True)


def listing(found, search="", ordering=NEWEST, is_public=None):
    """Of the universes `found`, with their `asset_count`, those that match; newest first unless ordered otherwise."""
    if is_public is not None:
        found = found.filter(is_public=is_public)
    if search:
        found = found.filter(_mentions(search))
    return found.order_by(ordering, "-id")


def _mentions(text):
    translated = UniverseTranslation.objects.filter(name__icontains=text).values("universe")
    return Q(name__icontains=text) | Q(slug__icontains=text) | Q(pk__in=translated)


def detail(slug, found=None):
    """One universe, of those `found` if they are given, with all that belongs to it; NotFound when there is none."""
    every = universes.listing() if found is None else found
    whole = every.select_related("prompts").prefetch_related("translations", "music_prompts", "assets")
    return universes.find(slug, whole)


def cards(universe):
    """A universe's cards in their order."""
    return universe.assets.all()


def card(asset):
    """The same card, read anew with its prompts and names."""
    return (
        type(asset)
        .objects.select_related("prompts", "universe")
        .prefetch_related("translations")
        .get(pk=asset.pk)
    )
