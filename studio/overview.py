"""All universes at a glance: what they have and lack, and whether they changed since they were last synced.

Supabase is not asked: that it changed too is known from when somebody last looked, on the Publish page for instance.
"""

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce, Trim
from django.utils.translation import gettext_lazy as _

from syncer import local
from universes.models import LANGUAGES, Asset, AssetTranslation, Edit, Revision, Universe

from .progress import files

NEVER, CHANGED, AHEAD, BOTH, SYNCED = "never", "changed", "ahead", "both", "synced"
STATES = {
    NEVER: (_("not published"), ""),
    CHANGED: (_("changed since"), "warning"),
    AHEAD: (_("changed in Supabase"), "warning"),
    BOTH: (_("changed on both sides"), "danger"),
    SYNCED: (_("published"), "success"),
}
# What syncing itself writes is no change since.
BY_SYNC = ("pull", "push", "unpublish")
CARDS = Prefetch("assets", Asset.objects.only("universe_id", "image_name"))


def overview():
    """Universes with `asset_count`, `named` (names of their cards, of five for each) and `edited` and `ahead`, in one
    statement."""
    return Universe.objects.annotate(
        asset_count=_number(Asset.objects.filter(universe=OuterRef("pk")), "universe"),
        named=_number(names().filter(asset__universe=OuterRef("pk")), "asset__universe"),
        edited=edited(),
        ahead=Exists(local.states().filter(universe=OuterRef("pk"), ahead=True)),
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
    """One of STATES, of a universe of `overview`."""
    if not universe.last_synced_at:
        return NEVER
    if has_changed(universe):
        return BOTH if universe.ahead else CHANGED
    return AHEAD if universe.ahead else SYNCED


def has_changed(universe):
    """Whether it is no longer here what it was when it was last synced."""
    synced = universe.last_synced_at.timestamp()
    return universe.edited or any(stat.st_mtime > synced for stat in files(universe).values())


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
