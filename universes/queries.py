"""Universes and cards as the API reads them: few statements, however many rows."""

from typing import TypeVar

from django.db.models import Q, QuerySet

from .models import AssetTranslation, Universe, UniverseTranslation
from .name_keys import Plain, by_name, fold, naming, ordered
from .services import universes

Row = TypeVar("Row")

ORDERINGS = tuple(
    sign + field
    for field in ("created_at", "updated_at", "last_synced_at", "name", "slug", "asset_count")
    for sign in ("", "-")
)
NEWEST = "-created_at"
# Every universe, with its `asset_count`.
COUNTED = universes.listing()
SORTED_BY = {"name": by_name("name"), "slug": Plain("slug")}


def visible(all_of_them: bool) -> QuerySet[Universe]:
    """Every universe, or the public ones alone."""
    return Universe.objects.all() if all_of_them else Universe.objects.filter(is_public=True)


def listing(
    found: QuerySet[Universe, Row], search: str = "", ordering: str = NEWEST, is_public: bool | None = None
) -> QuerySet[Universe, Row]:
    """Of `COUNTED` or some of them those that match; newest first unless ordered otherwise."""
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
