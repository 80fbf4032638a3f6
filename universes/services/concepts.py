"""Replacing a universe's cards by a list of concepts."""

from collections.abc import Mapping, Sequence

from django.db import transaction

from ..errors import Invalid
from ..media import files_of
from ..models import LANGUAGES, Asset, AssetTranslation, Universe
from ..names import make_image_name
from . import edits, revisions

# `{language: [name of each concept]}`
Translations = Mapping[str, Sequence[str]]


def check(concepts: Sequence[str], translations: Translations) -> None:
    """Raise Invalid unless there is a concept and every language names each of them."""
    if not concepts:
        raise Invalid("concepts", "concepts is empty; name at least one.")
    edits.check_languages(translations)
    for language, names in translations.items():
        if len(names) != len(concepts):
            raise Invalid(
                "translations",
                f"translations.{language} has {len(names)} names for {len(concepts)} concepts; give as many.",
            )


def apply(
    universe: Universe, concepts: Sequence[str], translations: Translations, author: str = ""
) -> list[Asset]:
    """Make these the universe's only cards; a revision keeps the old ones with their files.

    `concepts`: the cards' names in order. Returns the new cards. Files go only once the rows are committed.
    """
    check(concepts, translations)
    return replace(universe, concepts, translations, author)


@transaction.atomic
def replace(
    universe: Universe, concepts: Sequence[str], translations: Translations, author: str
) -> list[Asset]:
    """`apply` for checked concepts, also within a larger transaction."""
    edits.lock(universe)
    revisions.trash_leaving(universe.slug)
    if leaving := [name for asset in universe.assets.all() for name in files_of(asset)]:
        revisions.create(universe, "apply_concepts", author, leaving=leaving)
    universe.assets.all().delete()
    assets = _create_all(universe, concepts, translations)
    # Robust: the rows are through; an error here is logged, and the next call archives the rest.
    transaction.on_commit(lambda: revisions.archive_leaving(universe.slug), robust=True)
    return assets


def _create_all(universe: Universe, concepts: Sequence[str], translations: Translations) -> list[Asset]:
    taken: set[str] = set()
    assets = []
    for order, name in enumerate(concepts, start=1):
        asset = Asset(
            universe=universe, display_name=name, sort_order=order, image_name=make_image_name(name, taken)
        )
        taken.add(asset.image_name)
        assets.append(asset)
    Asset.objects.bulk_create(assets)
    AssetTranslation.objects.bulk_create(
        AssetTranslation(asset=asset, language=language, display_name=translations[language][index])
        for index, asset in enumerate(assets)
        for language in LANGUAGES
        if language in translations
    )
    return assets
