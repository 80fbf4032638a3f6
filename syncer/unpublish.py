"""Taking a universe out of Supabase: its rows first, then all media in its folder. What is here stays."""

from dataclasses import dataclass

from universes.models import Universe
from universes.names import is_slug
from universes.rows import UNIVERS

from . import progress, push, remote, syncs
from .client import client
from .errors import NotThere
from .models import RemoteFile, SyncedState
from .plan import DELETE, UNPUBLISH, FileChange, Plan, build
from .snapshots import File, Snapshot


@dataclass
class Removal:
    """What goes. `there`: the universe's row in Supabase, None when only media are left; `keys`: those of the files."""

    plan: Plan
    there: dict | None
    keys: list


def prepare(slug):
    """What would be taken away. NotThere when nothing is left of it, neither over there nor in what is known here.

    One that broke off after the rows has left media behind: then the folder with that slug is all there is.
    """
    tables = remote.Queries(client())
    there = syncs.find_there(tables, slug)
    if not there and not is_slug(slug):
        raise _not_there(slug)
    folder = there["slug"] if there else slug
    files = push.whole_folder(client(), folder)
    if not (there or files or _known(slug, there).exists()):
        raise _not_there(slug)
    plan = build(Snapshot(folder), remote.snapshot(tables.client, tables, folder, there), UNPUBLISH)
    # Nothing is left alone, whatever it is called.
    plan.reports = []
    plan.files = [_removed(key.removeprefix(f"{folder}/"), size) for key, size in files.items()]
    return Removal(plan, there, list(files))


def _removed(name, size):
    return FileChange(name, DELETE, File(name, size), "unpublished")


def _not_there(slug):
    return NotThere(f"Universe '{slug[:100]}' not found in Supabase.")


def run(slug):
    """Do it; returns what was done, as a sync does."""
    removal = prepare(slug)
    plan = removal.plan
    progress.planned(plan)
    if removal.there:
        # The foreign keys over there cascade: the universe goes in one piece.
        client().delete(UNIVERS.name, [removal.there["id"]])
    client().remove(removal.keys)
    _forget(plan.slug, _known(slug, removal.there))
    progress.done(plan.size)
    return {
        "slug": slug,
        "changes": plan.size,
        "cards": plan.target_cards,
        "moved_files": 0,
        "counts": plan.counts(),
        "reports": [],
    }


def _known(slug, there):
    """The universe here that was synced with it, if any, as a query."""
    found = {"supabase_id": there["id"]} if there else {"slug": slug, "supabase_id__isnull": False}
    return Universe.objects.filter(**found)


def _forget(folder, known):
    RemoteFile.objects.filter(key__startswith=f"{folder}/").delete()
    SyncedState.objects.filter(universe__in=known).delete()
    known.update(supabase_id=None, last_synced_at=None)
