"""Cards: made, changed, deleted."""

import uuid

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from ..errors import NotFound
from ..media import files_of
from ..models import Asset, AssetPrompts, AssetTranslation
from ..names import make_image_name, stem
from . import edits, revisions
from .universes import change, check_languages, lock

# The column has 32 bits; at its end, cards share a place.
LARGEST_ORDER = 2**31 - 1
PROMPTS = ("custom_image_prompt", "custom_video_prompt")


def parse_uuid(text):
    """The UUID a text spells, None for anything else."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def find(universe, asset_id):
    """A card of this universe; NotFound for any other id, whatever it looks like."""
    asset = universe.assets.select_related("prompts").filter(pk=parse_uuid(asset_id)).first()
    if not asset:
        raise NotFound(
            _("Asset '%(asset_id)s' not found in universe '%(slug)s'.")
            % {"asset_id": str(asset_id)[:100], "slug": universe.slug}
        )
    return asset


@transaction.atomic
def create(universe, *, display_name, sort_order=None, translations=None, author="", **prompts):
    """Make a card with a file name of its own; without an order it comes last."""
    lock(universe)
    revisions.set_aside(universe.slug)
    taken = set(universe.assets.values_list("image_name", flat=True))
    if sort_order is None:
        sort_order = _next_order(universe)
    asset = Asset.objects.create(
        universe=universe,
        display_name=display_name,
        sort_order=sort_order,
        image_name=make_image_name(display_name, taken),
    )
    save_prompts(asset, prompts)
    save_translations(asset, translations or {})
    edits.created(asset, author)
    return asset


def _next_order(universe):
    last = universe.assets.aggregate(last=Max("sort_order"))["last"] or 0
    return min(last + 1, LARGEST_ORDER)


@transaction.atomic
def update(asset, *, author="", translations=None, **fields):
    """Change what is given; the file name stays, whatever the card is called."""
    prompts = {key: fields.pop(key) for key in PROMPTS if key in fields}
    with edits.recorded(asset, author):
        change(asset, updated_at=timezone.now(), **fields)
        save_prompts(asset, prompts)
        if translations is not None:
            save_translations(asset, translations)
    return asset


def delete(asset, author=""):
    """Take the card away, then its picture and clip; a revision keeps all three. NotFound when it is gone."""
    universe = asset.universe
    with transaction.atomic():
        lock(universe)
        asset = find(universe, asset.pk)
        revisions.keep(universe, "delete_card", author, asset=asset, leaving=_own_files(universe, asset))
        asset.delete()
    revisions.finish(universe.slug)


def _own_files(universe, asset):
    """The card's files; pictures that differ in their suffix alone share a clip, which stays with the other card."""
    others = universe.assets.filter(image_name__startswith=stem(asset.image_name)).exclude(pk=asset.pk)
    shared = {name for other in others for name in files_of(other)}
    return [name for name in files_of(asset) if name not in shared]


def save_prompts(asset, prompts):
    if not prompts or (not any(prompts.values()) and not AssetPrompts.objects.filter(asset=asset).exists()):
        return
    # Words alone have generated nothing yet; the column's own default is 1.
    AssetPrompts.objects.update_or_create(
        asset=asset, defaults=prompts, create_defaults={**prompts, "generation_count": 0}
    )


def save_translations(asset, names):
    """Make the names per language exactly these; rows of languages that stay keep their ids."""
    check_languages(names)
    asset.translations.exclude(language__in=names).delete()
    for language, name in names.items():
        AssetTranslation.objects.update_or_create(
            asset=asset, language=language, defaults={"display_name": name}
        )
