"""Taking a universe out of Supabase: its rows first, then all media in its folder. Everything here stays."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from storage.names import is_safe_segment
from universes.models import Universe
from universes.names import is_slug
from universes.rows import UNIVERS, Row

from . import local, progress, remote_rows
from .client import client
from .errors import unfit
from .models import RemoteFile, SyncedState
from .plan import DELETE, UNPUBLISH, FileChange, Plan, build
from .remote import RemoteSide, whole_folder
from .sides import File, Files, Snapshot
from .sync import Result, archive_remote, find_there, not_there

EMPTY_FOLDER = ".emptyFolderPlaceholder"
NAME_LENGTH = 150


@dataclass
class Removal:
    """A plan, the side that it empties, and all files in the folder of that."""

    plan: Plan
    side: RemoteSide
    files: list[File]


def prepare(slug: str) -> Removal:
    """NotThere when nothing is left of the universe in Supabase, and no id of it is known here.

    An unpublishing that broke off after the rows has left media: then the folder with that slug is all there is.
    """
    tables = remote_rows.Queries(client())
    there = find_there(tables, slug)
    if not there and not is_slug(slug):
        raise not_there(slug)
    folder = there["slug"] if there else slug
    if there and not is_slug(folder or ""):
        raise unfit(slug)
    files = whole_folder(client(), folder)
    if not (there or files or _linked(slug, there).exists()):
        raise not_there(slug)
    side = RemoteSide(tables, folder, there)
    plan = build(Snapshot(folder), side.snapshot, UNPUBLISH)
    # All files go, of any name.
    plan.reports = []
    plan.files = [FileChange(file.path, DELETE, file, "unpublished") for file in files]
    return Removal(plan, side, files)


def run(slug: str, author: str = "") -> Result:
    """Archive all of it as a revision, then delete it."""
    removal = prepare(slug)
    plan, there = removal.plan, removal.side.universe
    progress.planned(plan)
    plan.reports = archive_remote(UNPUBLISH, removal.side, _named(removal.files), author)
    if there:
        # Supabase's foreign keys cascade: the universe goes in one piece.
        client().delete(UNIVERS.name, [there["id"]])
    client().remove([f"{plan.slug}/{file.path}" for file in removal.files])
    _forget(plan.slug, _linked(slug, there))
    progress.done(plan.size)
    return {
        "slug": slug,
        "changes": plan.size,
        "cards": plan.target_cards,
        "moved_files": 0,
        "counts": plan.counts(),
        "reports": plan.reports,
    }


def _named(files: Iterable[File]) -> Files:
    """By names that a folder here can have, each file by one of its own.

    A file of the folder itself takes its name before one of an older layout. Supabase's own marker of an empty
    folder is left out.
    """
    named: Files = {}
    for file in sorted(files, key=lambda file: bool(file.key)):
        name = file.name if is_safe_segment(file.name) and file.name not in named else _safe(file.path)
        if file.name != EMPTY_FOLDER:
            named[name] = file
    return named


def _safe(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", f"_{key}")[:NAME_LENGTH].rstrip(".")


def _linked(slug: str, there: Row | None) -> QuerySet[Universe]:
    """The universe here that was synced with it, if any."""
    found = {"supabase_id": there["id"]} if there else {"slug": slug, "supabase_id__isnull": False}
    return local.linked().filter(**found)


def _forget(folder: str, gone: QuerySet[Universe]) -> None:
    RemoteFile.objects.filter(key__startswith=f"{folder}/").delete()
    SyncedState.objects.filter(universe__in=gone).delete()
    gone.update(supabase_id=None, last_synced_at=None)
