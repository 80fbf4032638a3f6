"""The order of a universe's cards."""

from django.db import transaction
from django.utils import timezone

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
