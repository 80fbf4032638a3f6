"""All universes at a glance: what they have and lack, and whether they changed since they were last synced.

Supabase is not asked: what it has by now is told by each universe's Publish page.
"""

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce, Trim
from django.utils.translation import gettext_lazy as _

from ..models import LANGUAGES, Asset, AssetTranslation, Edit, Revision, Universe
from .progress import files

NEVER, CHANGED, SYNCED = "never", "changed", "synced"
STATES = {
    NEVER: (_("not published"), ""),
    CHANGED: (_("changed since"), "warning"),
    SYNCED: (_("published"), "success"),
}
# What syncing itself writes is no change since.
BY_SYNC = ("pull", "push", "unpublish")
CARDS = Prefetch("assets", Asset.objects.only("universe_id", "image_name"))


def overview():
    """Universes with `asset_count`, `named` (names of their cards, of five for each) and `edited`, in one statement."""
    return Universe.objects.annotate(
        asset_count=_number(Asset.objects.filter(universe=OuterRef("pk")), "universe"),
        named=_number(names().filter(asset__universe=OuterRef("pk")), "asset__universe"),
        edited=edited(),
    )


def names():
    """The names of cards that say something."""
    return AssetTranslation.objects.annotate(said=Trim("display_name")).filter(said__gt="")


def _number(rows, key):
    counted = rows.order_by().values(key).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


def edited():
    """Whether its rows changed since it was last synced; false where it never was. Files tell more: `state`."""
    synced = OuterRef("last_synced_at")
    replaced = Revision.objects.filter(univers_slug=OuterRef("slug"), created_at__gt=synced)
    return (
        Q(updated_at__gt=F("last_synced_at"))
        | Exists(Edit.objects.filter(universe=OuterRef("pk"), created_at__gt=synced))
        | Exists(Asset.objects.filter(universe=OuterRef("pk"), updated_at__gt=synced))
        | Exists(replaced.exclude(cause__in=BY_SYNC))
    )


def state(universe):
    """NEVER, CHANGED or SYNCED, of a universe of `overview`."""
    if not universe.last_synced_at:
        return NEVER
    if universe.edited:
        return CHANGED
    synced = universe.last_synced_at.timestamp()
    return CHANGED if any(stat.st_mtime > synced for stat in files(universe).values()) else SYNCED


def missing_names(universe):
    """How many names its cards lack in all five languages together."""
    return universe.asset_count * len(LANGUAGES) - universe.named


def unnamed(languages=LANGUAGES):
    """Cards without a name in one of these languages."""
    lacking = [~Exists(names().filter(asset=OuterRef("pk"), language=language)) for language in languages]
    every = Q()
    for one in lacking:
        every |= Q(one)
    return Asset.objects.filter(every)
