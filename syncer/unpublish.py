"""Taking a universe out of Supabase: its rows first, then all media in its folder. What is here stays."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from storage.names import is_safe_segment
from universes.names import is_slug
from universes.rows import UNIVERS

from . import known, overwritten, progress, remote, syncs
from .client import client
from .errors import NotThere
from .models import RemoteFile, SyncedState
from .plan import DELETE, UNPUBLISH, FileChange, Plan, build
from .snapshots import Snapshot

EMPTY_FOLDER = ".emptyFolderPlaceholder"
NAME_LENGTH = 150


@dataclass
class Removal:
    """What goes. `there`: the universe's row in Supabase, None when only media are left; `files`: all in its folder."""

    plan: Plan
    there: dict | None
    snapshot: Snapshot
    files: list

    @property
    def keys(self):
        return [f"{self.plan.slug}/{file.where}" for file in self.files]


def prepare(slug):
    """What would be taken away. NotThere when nothing is left of it, neither over there nor in what is known here.

    One that broke off after the rows has left media behind: then the folder with that slug is all there is.
    """
    tables = remote.Queries(client())
    there = syncs.find_there(tables, slug)
    if not there and not is_slug(slug):
        raise _not_there(slug)
    folder = there["slug"] if there else slug
    if there and not is_slug(folder or ""):
        raise syncs.unfit(slug)
    files = remote.whole_folder(client(), folder)
    if not (there or files or _known(slug, there).exists()):
        raise _not_there(slug)
    target = remote.snapshot(tables.client, tables, folder, there)
    plan = build(Snapshot(folder), target, UNPUBLISH)
    # Nothing is left alone, whatever it is called.
    plan.reports = []
    plan.files = [FileChange(file.where, DELETE, file, "unpublished") for file in files]
    return Removal(plan, there, target, files)


def _not_there(slug):
    return NotThere(_("Universe '%(slug)s' not found in Supabase.") % {"slug": slug[:100]})


def run(slug, author=""):
    """Do it; returns what was done, as a sync does. What goes stays here as a revision."""
    removal = prepare(slug)
    plan = removal.plan
    progress.planned(plan)
    plan.reports = overwritten.keep(UNPUBLISH, removal.snapshot, _named(removal.files), client(), author)
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
        "reports": plan.reports,
    }


def _named(files):
    """`{name: File}` under names that a folder here can have, flat, each with a name of its own.

    What lies right in the folder goes before an older layout's file of that name. Supabase's own marker of an empty
    folder is none of ours.
    """
    named = {}
    for file in sorted(files, key=lambda file: bool(file.key)):
        name = file.name if is_safe_segment(file.name) and file.name not in named else _safe(file.where)
        if file.name != EMPTY_FOLDER:
            named[name] = file
    return named


def _safe(key):
    return re.sub(r"[^A-Za-z0-9._-]", "_", f"_{key}")[:NAME_LENGTH].rstrip(".")


def _known(slug, there):
    """The universe here that was synced with it, if any, as a query."""
    found = {"supabase_id": there["id"]} if there else {"slug": slug, "supabase_id__isnull": False}
    return known.universes().filter(**found)


def _forget(folder, gone):
    RemoteFile.objects.filter(key__startswith=f"{folder}/").delete()
    SyncedState.objects.filter(universe__in=gone).delete()
    gone.update(supabase_id=None, last_synced_at=None)
