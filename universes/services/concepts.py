"""Replacing a universe's cards by a list of concepts."""

from django.db import transaction

from ..errors import Invalid
from ..media import files_of
from ..models import LANGUAGES, Asset, AssetTranslation
from ..names import make_image_name
from . import revisions
from .universes import check_languages, lock


def check(concepts, translations):
    """Raise Invalid unless there is a concept and every language names each of them."""
    if not concepts:
        raise Invalid("concepts", "concepts is empty; name at least one.")
    check_languages(translations)
    for language, names in translations.items():
        if len(names) != len(concepts):
            raise Invalid(
                "translations",
                f"translations.{language} has {len(names)} names for {len(concepts)} concepts; give as many.",
            )


def apply(universe, concepts, translations, author=""):
    """Make these the universe's only cards; the old ones, with their files, stay as a revision.

    `concepts`: the cards' names in order; `translations`: `{language: [name, …]}`, as long as the concepts.
    Returns the new cards. Files go only once the rows are committed.
    """
    check(concepts, translations)
    return replace(universe, concepts, translations, author)


@transaction.atomic
def replace(universe, concepts, translations, author=""):
    """`apply` for concepts that are checked, also within a larger transaction."""
    lock(universe)
    revisions.set_aside(universe.slug)
    if leaving := [name for asset in universe.assets.all() for name in files_of(asset)]:
        revisions.keep(universe, "apply_concepts", author, leaving=leaving)
    universe.assets.all().delete()
    assets = _create_all(universe, concepts, translations)
    # Robust: the rows are through; what fails here is logged, and taken up later.
    transaction.on_commit(lambda: revisions.finish(universe.slug), robust=True)
    return assets


def _create_all(universe, concepts, translations):
    taken = set()
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
