"""The order of a universe's cards."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ..errors import NotFound
from ..models import Asset
from .universes import lock


@transaction.atomic
def reorder(universe, asset_ids):
    """Number the cards from 1 in the order of these ids; only those that move are written."""
    lock(universe)
    orders = dict(universe.assets.values_list("pk", "sort_order"))
    for order, pk in enumerate(asset_ids, start=1):
        if orders.get(pk, order) != order:
            Asset.objects.filter(pk=pk).update(sort_order=order, updated_at=timezone.now())


@transaction.atomic
def rearrange(universe, asset_ids):
    """Let these cards, some of the universe's, change places among themselves, to be in the order of the ids.

    All others stay where they are; ids of cards that are gone are left out.
    """
    lock(universe)
    ids = list(universe.assets.values_list("pk", flat=True))
    moved = [pk for pk in dict.fromkeys(asset_ids) if pk in set(ids)]
    places = [place for place, pk in enumerate(ids) if pk in set(moved)]
    for place, pk in zip(places, moved, strict=True):
        ids[place] = pk
    reorder(universe, ids)


@transaction.atomic
def move(universe, asset_id, place):
    """Put a card at a place, 1 for the first; all between where it was and there move by one. Returns the place.

    A place beyond the last is the last. NotFound when the card is gone.
    """
    lock(universe)
    ids = list(universe.assets.values_list("pk", flat=True))
    if asset_id not in ids:
        raise NotFound(_("The card was not found; it was deleted meanwhile."))
    ids.remove(asset_id)
    place = max(1, min(place, len(ids) + 1))
    ids.insert(place - 1, asset_id)
    reorder(universe, ids)
    return place
