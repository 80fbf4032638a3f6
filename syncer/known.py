"""Which universe over there one here was synced with: an id in Supabase counts for the project that gave it alone."""

from django.conf import settings

from universes.models import Universe

from .models import SyncedState


def states():
    """What was noted with the Supabase that is set now. No address: noted before addresses were."""
    return SyncedState.objects.filter(address__in=("", settings.SUPABASE_URL))


def universes():
    """The universes here but for those that were synced with another Supabase: their `supabase_id` is one of that."""
    elsewhere = SyncedState.objects.exclude(pk__in=states())
    return Universe.objects.exclude(pk__in=elsewhere)


def id_there(universe):
    """The id that a universe here has in the Supabase that is set now; None when it is not known."""
    return universes().filter(pk=universe.pk).values_list("supabase_id", flat=True).first()


def release(remote_id):
    """No universe here has this id over there any longer: another one is about to."""
    Universe.objects.filter(supabase_id=remote_id).update(supabase_id=None)


def former_folder(universe, slug):
    """Where its media may lie over there if they did not follow when it got this slug there; empty: nowhere else."""
    if universe.slug != slug:
        return universe.slug
    return states().filter(universe=universe).values_list("folder", flat=True).first() or ""


def note(universe, digest, folder=""):
    """Remember what both sides have; nothing is written when that is noted already."""
    noted = {"digest": digest, "address": settings.SUPABASE_URL, "folder": folder, "ahead": False}
    if not SyncedState.objects.filter(universe=universe, **noted).exists():
        SyncedState.objects.update_or_create(universe=universe, defaults=noted)


def saw(universe, is_ahead):
    """Remember whether Supabase has something else than when this universe was last synced."""
    states().filter(universe=universe, ahead=not is_ahead).update(ahead=is_ahead)
