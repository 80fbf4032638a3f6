"""Universes and cards as the API reads them: few statements, however many rows."""

from django.db.models import Q

from .models import AssetTranslation, UniverseTranslation
from .name_keys import Plain, by_name, fold, naming, ordered
from .services import universes

ORDERINGS = tuple(
    sign + field
    for field in ("created_at", "updated_at", "last_synced_at", "name", "slug", "asset_count")
    for sign in ("", "-")
)
NEWEST = "-created_at"
SORTED_BY = {"name": by_name("name"), "slug": Plain("slug")}


def visible(all_of_them):
    """Every universe with its `asset_count`, or the public ones alone."""
    found = universes.listing()
    return found if all_of_them else found.filter(is_public=True)


def listing(found, search="", ordering=NEWEST, is_public=None):
    """Of the universes `found`, with their `asset_count`, those that match; newest first unless ordered otherwise."""
    if is_public is not None:
        found = found.filter(is_public=is_public)
    if search:
        found = found.filter(universes_named(search))
    return found.order_by(ordered(ordering, SORTED_BY), "-id")


def universes_named(text: str) -> Q:
    """The condition that a universe has this text in its name, its slug or its name in a language."""
    translated = UniverseTranslation.objects.filter(naming(text, "name")).values("universe")
    return naming(text, "name") | Q(slug__contains=fold(text)) | Q(pk__in=translated)


def cards_named(text: str) -> Q:
    """The condition that a card has this text in its name, its file's name or its name in a language."""
    translated = AssetTranslation.objects.filter(naming(text, "display_name")).values("asset")
    return naming(text, "display_name") | Q(image_name__icontains=fold(text)) | Q(pk__in=translated)


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
