"""One universe brought from one side to the other: looked at, planned, applied, noted."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from universes.models import Universe
from universes.names import is_slug
from universes.services import universes

from . import local, progress, pull, push, remote
from .client import client
from .errors import NotThere, Refused, RemoteError
from .models import RemoteFile, SyncedState
from .plan import PULL, PUSH, Plan, build
from .snapshots import Snapshot, digest


@dataclass
class Sync:
    """A plan with what it was made from. `here` and `there`: the universe's row on each side, None where it is new."""

    plan: Plan
    source: Snapshot
    target: Snapshot
    here: Universe | None
    there: dict | None

    @property
    def remote_id(self):
        return self.there["id"] if self.there else None


def prepare_push(slug, tables=None):
    """What a push would do. NotFound when the universe is not here."""
    here = universes.find(slug)
    tables = tables or remote.Queries(client())
    there = remote.find(tables, slug, here.supabase_id)
    source = local.snapshot(slug, here)
    target = remote.snapshot(tables.client, tables, slug, there)
    return Sync(build(source, target, PUSH), source, target, here, there)


def find_there(tables, slug):
    """The row of a universe in Supabase, by its slug there or by the one that it has here; or None."""
    known = Universe.objects.filter(slug=slug).first()
    return remote.find(tables, slug) or remote.find(tables, None, known.supabase_id if known else None)


def prepare_pull(slug, tables=None):
    """What a pull would do. NotThere when Supabase has no such universe."""
    tables = tables or remote.Queries(client())
    there = find_there(tables, slug)
    if not there:
        raise NotThere(f"Universe '{slug[:100]}' not found in Supabase.")
    if not is_slug(there["slug"]):
        raise RemoteError(
            f"{there['slug'][:100]!r} can't name a folder here; give it another slug in Supabase."
        )
    here = local.counterpart(there)
    source = remote.snapshot(tables.client, tables, there["slug"], there)
    target = local.snapshot(there["slug"], here)
    return Sync(build(source, target, PULL), source, target, here, there)


def run_push(slug, *, force=False, tables=None):
    """Make Supabase equal to what is here; returns what was done, as `{"slug", "changes", "cards", …}`."""
    sync = _admitted(prepare_push(slug, tables), force)
    remote_id = sync.remote_id
    if sync.plan.size:
        remote_id = push.apply(sync.plan, client(), remote_id, sync.source.files)
    local.rekey(sync.plan.rekeys)
    _note(sync, sync.here, remote_id)
    return _done(sync)


def run_pull(slug, *, force=False, tables=None, author=""):
    """Make what is here equal to Supabase; returns what was done."""
    sync = _admitted(prepare_pull(slug, tables), force)
    here = sync.here
    if not sync.plan.is_empty:
        here = pull.apply(sync.plan, client(), here, sync.remote_id, author)
    _note(sync, here, sync.remote_id)
    remote.remember(sync.plan.slug, _opaque(sync.source.files), local.snapshot(sync.plan.slug, here).files)
    return _done(sync)


def _opaque(files):
    return {name: file for name, file in files.items() if not file.md5}


def _admitted(sync, force):
    if not force and (reason := sync.plan.takes_away()):
        raise Refused(reason, sync.plan.to_dict())
    progress.planned(sync.plan)
    return sync


@transaction.atomic
def _note(sync, here, remote_id):
    """Both sides are equal now: which id the universe has over there, when that was, and what it looked like."""
    Universe.objects.filter(supabase_id=remote_id).exclude(pk=here.pk).update(supabase_id=None)
    Universe.objects.filter(pk=here.pk).update(supabase_id=remote_id, last_synced_at=timezone.now())
    SyncedState.objects.update_or_create(
        universe=here,
        defaults={
            "digest": digest(sync.source, sync.target.missing | sync.source.missing),
            "synced_at": timezone.now(),
        },
    )


def _done(sync):
    counts = sync.plan.counts()
    return {
        "slug": sync.plan.slug,
        "changes": sync.plan.size,
        "cards": len(sync.source.cards),
        "moved_files": counts["files"]["create"] + counts["files"]["update"],
        "counts": counts,
        "reports": sync.plan.reports,
    }


def run_unpublish(slug, *, force=False):
    """Take a universe out of Supabase, rows first, then its media. What is here stays."""
    here = Universe.objects.filter(slug=slug).first()
    tables = remote.Queries(client())
    there = find_there(tables, slug)
    if not there:
        raise NotThere(f"Universe '{slug[:100]}' not found in Supabase.")
    plan = build(Snapshot(slug), remote.snapshot(client(), tables, there["slug"], there), PUSH)
    if not force:
        raise Refused(
            f"Unpublishing takes '{slug}' away from everyone who uses it; use force to do it.", plan.to_dict()
        )
    return _unpublish(plan, there, here)


def _unpublish(plan, there, here):
    # Supabase's foreign keys cascade: the universe goes in one piece.
    client().delete("univers", [there["id"]])
    keys = push.whole_folder(client(), there["slug"])
    client().remove(keys)
    RemoteFile.objects.filter(key__startswith=f"{there['slug']}/").delete()
    if here:
        SyncedState.objects.filter(universe=here).delete()
        Universe.objects.filter(pk=here.pk).update(supabase_id=None, last_synced_at=None)
    rows = len(plan.row_changes("delete"))
    return {
        "slug": plan.slug,
        "changes": rows + len(keys),
        "cards": plan.target_cards,
        "moved_files": 0,
        "reports": [],
    }
