"""Cards: made, deleted, put in order."""

import uuid
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from ..errors import NotFound
from ..media import files_of
from ..models import Asset, Universe
from ..names import make_image_name, stem
from . import edits, revisions

# The column has 32 bits; at its end, cards share a place.
LARGEST_ORDER = 2**31 - 1

update = edits.update


def parse_uuid(text: object) -> uuid.UUID | None:
    """The UUID that a text spells, None for anything else."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def find(universe: Universe, asset_id: object) -> Asset:
    """A card of this universe; NotFound for any other id, whatever it looks like."""
    pk = parse_uuid(asset_id)
    asset = universe.assets.select_related("prompts").filter(pk=pk).first() if pk else None
    if not asset:
        raise NotFound(
            _("Asset '%(asset_id)s' not found in universe '%(slug)s'.")
            % {"asset_id": str(asset_id)[:100], "slug": universe.slug}
        )
    return asset


@transaction.atomic
def create(
    universe: Universe,
    *,
    display_name: str,
    sort_order: int | None = None,
    translations: Mapping[str, str] | None = None,
    author: str = "",
    **prompts: str | None,
) -> Asset:
    """Make a card with a file name of its own; without an order it comes last."""
    edits.lock(universe)
    revisions.trash_leaving(universe.slug)
    taken = set(universe.assets.values_list("image_name", flat=True))
    if sort_order is None:
        sort_order = _next_order(universe)
    asset = Asset.objects.create(
        universe=universe,
        display_name=display_name,
        sort_order=sort_order,
        image_name=make_image_name(display_name, taken),
    )
    edits.save_prompts(asset, prompts)
    edits.save_translations(asset, translations or {})
    edits.record_created(asset, author)
    return asset


def _next_order(universe: Universe) -> int:
    last = universe.assets.aggregate(last=Max("sort_order"))["last"] or 0
    return min(last + 1, LARGEST_ORDER)


def delete(asset: Asset, author: str = "") -> None:
    """Delete the card, then its picture and clip; a revision keeps all three. NotFound when it is gone."""
    universe = asset.universe
    with transaction.atomic():
        edits.lock(universe)
        asset = find(universe, asset.pk)
        leaving = _own_files(universe, asset)
        revisions.create(universe, "delete_card", author, asset=asset, leaving=leaving)
        asset.delete()
    revisions.archive_leaving(universe.slug)


def _own_files(universe: Universe, asset: Asset) -> list[str]:
    """The card's files; pictures that differ in their suffix alone share a clip, which stays with the other card."""
    others = universe.assets.filter(image_name__startswith=stem(asset.image_name)).exclude(pk=asset.pk)
    shared = {name for other in others for name in files_of(other)}
    return [name for name in files_of(asset) if name not in shared]


# --- The order


@transaction.atomic
def reorder(universe: Universe, asset_ids: Iterable[uuid.UUID]) -> None:
    """Number the cards from 1 in the order of these ids; only those that move are written."""
    edits.lock(universe)
    orders = dict(universe.assets.values_list("pk", "sort_order"))
    for order, pk in enumerate(asset_ids, start=1):
        if orders.get(pk, order) != order:
            Asset.objects.filter(pk=pk).update(sort_order=order, updated_at=timezone.now())


@transaction.atomic
def rearrange(universe: Universe, asset_ids: Iterable[uuid.UUID]) -> None:
    """Let these cards, some of the universe's, change places among themselves, to be in the order of the ids.

    All others stay where they are; ids of cards that are gone are left out.
    """
    edits.lock(universe)
    ids = list(universe.assets.values_list("pk", flat=True))
    moved = [pk for pk in dict.fromkeys(asset_ids) if pk in set(ids)]
    places = [place for place, pk in enumerate(ids) if pk in set(moved)]
    for place, pk in zip(places, moved, strict=True):
        ids[place] = pk
    reorder(universe, ids)


@transaction.atomic
def move(universe: Universe, asset_id: uuid.UUID, place: int) -> int:
    """Put a card at a place, 1 for the first; all between its former place and this one move by one.

    Returns the place: the last for one beyond it. NotFound when the card is gone.
    """
    edits.lock(universe)
    ids = list(universe.assets.values_list("pk", flat=True))
    if asset_id not in ids:
        raise NotFound(_("The card was not found; it was deleted meanwhile."))
    ids.remove(asset_id)
    place = max(1, min(place, len(ids) + 1))
    ids.insert(place - 1, asset_id)
    reorder(universe, ids)
    return place
