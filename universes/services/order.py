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
