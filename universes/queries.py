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


def listing(search="", ordering=NEWEST, is_public=None):
    """Every universe with its `asset_count`: those that match, newest first unless ordered otherwise."""
    found = universes.listing()
    if is_public is not None:
        found = found.filter(is_public=is_public)
    if search:
        found = found.filter(_mentions(search))
    return found.order_by(ordering, "-id")


def _mentions(text):
    translated = UniverseTranslation.objects.filter(name__icontains=text).values("universe")
    return Q(name__icontains=text) | Q(slug__icontains=text) | Q(pk__in=translated)


def detail(slug):
    """One universe with all that belongs to it; NotFound when there is none."""
    whole = (
        universes.listing()
        .select_related("prompts")
        .prefetch_related("translations", "music_prompts", "assets")
    )
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
