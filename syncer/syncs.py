"""One universe brought from one side to the other: looked at, planned, applied, noted."""

from dataclasses import dataclass, replace

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from universes.models import Universe
from universes.services import revisions, universes

from . import journals, known, local, overwritten, progress, pull, push, received, remote, renames
from .client import client
from .errors import Conflict, NotThere, Refused, RemoteError
from .plan import CREATE, PULL, PUSH, UPDATE, Plan, build
from .snapshots import Snapshot, digest

# How often a push is planned anew when somebody writes the same universe over there meanwhile.
PUSH_TRIES = 3


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
    there = remote.find(tables, slug, known.id_there(here))
    _check_slug_there(tables, slug, there)
    source = local.snapshot(slug, here)
    _check_texts(source)
    target = remote.snapshot(tables.client, tables, slug, there, to_write=True)
    return Sync(build(source, target, PUSH), source, target, here, there)


def _check_texts(here: Snapshot) -> None:
    """Nothing is begun that Supabase would refuse half-way: SQLite has kept characters that PostgreSQL does not."""
    for table, rows in here.rows.items():
        for row in rows:
            for column in (
                c for c, text in row.items() if isinstance(text, str) and received.NO_TEXT.search(text)
            ):
                raise _not_storable(here.slug, f"{table} {row['id']}", column)


def _not_storable(slug: str, row: str, column: str) -> Conflict:
    return Conflict(
        gettext(
            "'%(slug)s' has a text that Supabase can't store: the %(column)s of %(row)s holds a NUL or half a "
            "character; write that text anew, and push again."
        )
        % {"slug": slug, "row": row, "column": column}
    )


def _check_slug_there(tables, slug, there):
    """Nothing may be put into the folder of a universe that has our slug over there and is another one."""
    if there and there["slug"] != slug and (other := remote.find(tables, slug)):
        raise Conflict(
            gettext(
                "'%(slug)s' is called '%(there)s' in Supabase, where '%(slug)s' is the slug of "
                "another universe, '%(other)s'; give one of them another slug in Supabase, and push "
                "again."
            )
            % {"slug": slug, "there": there["slug"], "other": other["name"]}
        )


def find_there(tables, slug):
    """The row of a universe in Supabase, by its slug there or by the one that it has here; or None."""
    here = Universe.objects.filter(slug=slug).first()
    return remote.find(tables, slug) or remote.find(tables, None, known.id_there(here) if here else None)


def prepare_pull(slug, tables=None):
    """What a pull would do. NotThere when Supabase has no such universe, Conflict when its slug is another's here."""
    tables = tables or remote.Queries(client())
    there = find_there(tables, slug)
    if not there:
        raise NotThere(gettext("Universe '%(slug)s' not found in Supabase.") % {"slug": slug[:100]})
    if not remote.is_fit(there):
        raise unfit(slug)
    here = counterpart(tables, there)
    _check_slug(tables, there["slug"], here)
    source = snapshot_there(tables, there, here)
    target = local.snapshot(there["slug"], here)
    return Sync(build(source, target, PULL), source, target, here, there)


def unfit(slug: str) -> RemoteError:
    return RemoteError(
        gettext("'%(slug)s' has no name, or no slug that can name a folder; set it in Supabase.")
        % {"slug": slug}
    )


def snapshot_there(tables, there, here):
    """What is over there of a universe, whose row and counterpart here are given, as it is read."""
    former = known.former_folder(here, there["slug"]) if here else ""
    return remote.snapshot(tables.client, tables, there["slug"], there, former=former)


def counterpart(tables, there):
    """The universe here that a row of `univers` over there stands for, or None."""
    return local.counterpart(there, lambda own_id: remote.exists(tables, "id", own_id))


def _check_slug(tables, slug, here):
    """A universe must not move into the folder of another one that has its slug here."""
    other = Universe.objects.filter(slug=slug).exclude(pk=here.pk if here else None).first()
    if other:
        raise Conflict(
            gettext(
                "'%(slug)s' in Supabase is another universe than the one here with that slug, "
                "'%(name)s'; %(reason)s."
            )
            % {
                "slug": slug,
                "name": other.name,
                "reason": _way_out(slug, remote.find(tables, None, known.id_there(other))),
            }
        )


def _way_out(slug, there):
    """What makes a slug free here; `there`: the row over there of the universe that has it here, if any."""
    if not there:
        return gettext("give it another slug in Supabase, or delete the one here, and pull again")
    if Universe.objects.filter(slug=there["slug"]).exists():
        return gettext("in Supabase, give it a slug that nobody has, pull both, and give it its slug again")
    words = {"there": there["slug"], "slug": slug}
    return (
        gettext("that one is called '%(there)s' in Supabase: pull '%(there)s' first, then '%(slug)s'") % words
    )


def run_push(slug, *, force=False, tables=None, author=""):
    """Make Supabase equal to what is here; returns what was done, as `{"slug", "changes", "cards", …}`."""
    finish(slug)
    sent = []
    for _ in range(PUSH_TRIES):
        sync = admitted(prepare_push(slug, tables), force)
        if not sync.plan.size:
            return _pushed(sync, sync.remote_id, sent)
        sync.plan.reports += overwritten.keep_for_push(sync.plan, sync.target, client(), author)
        push.upload(sync.plan, client(), sync.source.files)
        # The rows may be older than the files took to go up.
        if _is_unchanged_there(sync):
            remote_id = push.write(sync.plan, client(), sync.remote_id)
            sync.plan.reports += renames.clear_old_folder(sync.plan, client(), sync.source.files)
            return _pushed(sync, remote_id, sent)
        sent += sync.plan.file_changes(CREATE, UPDATE)
        tables = None
    raise Conflict(
        gettext("'%(slug)s' changes in Supabase all the time; push it again when nobody else is at it.")
        % {"slug": slug}
    )


def _is_unchanged_there(sync):
    """Whether the rows that the plan was made from, and that were kept, are still those over there."""
    tables = remote.Queries(client())
    there = remote.find(tables, sync.plan.slug, sync.remote_id)
    return remote.rows(tables, sync.plan.slug, there) == sync.target.rows


def _pushed(sync, remote_id, sent):
    """`sent`: the changes of files that an earlier try has made."""
    sync.plan.files[:0] = sent
    local.rekey(sync.plan.rekeys)
    _note(sync, sync.here, remote_id)
    return done(sync)


def run_pull(slug, *, force=False, tables=None, author=""):
    """Make what is here equal to Supabase; returns what was done."""
    finish(slug)
    sync = admitted(prepare_pull(slug, tables), force)
    here = sync.here
    if not sync.plan.is_empty:
        fetch = pull.Downloads(client(), sync.source.folder or sync.plan.slug)
        here = pull.apply(sync.plan, fetch, here, sync.remote_id, author)
        sync.source = _with_digests(sync.source, fetch.came)
    _note(sync, here, sync.remote_id)
    return done(sync)


def finish(slug):
    """Files that a pull or a deletion that broke off has yet to move must not be taken for ones that stay."""
    journals.finish(slug)
    revisions.archive_leaving(slug)


def _with_digests(there, came):
    """The pulled snapshot with the digests of what came, which are remembered: what Supabase tells may be less."""
    files = {name: replace(there.files[name], **digests) for name, digests in came.items()}
    remote.remember(there.folder or there.slug, files, files)
    return replace(there, files=there.files | files)


def admitted(sync, force):
    """The same, once whoever listens knows the plan; Refused when it takes too much away and is not forced."""
    if not force and (reason := sync.plan.needs_force()):
        raise Refused(reason, sync.plan.to_dict())
    progress.planned(sync.plan)
    return sync


@transaction.atomic
def _note(sync, here, remote_id):
    """Both sides are equal now: which id the universe has over there, when that was, and what it looked like."""
    known.release(remote_id)
    Universe.objects.filter(pk=here.pk).update(supabase_id=remote_id, last_synced_at=timezone.now())
    known.note(here, digest(sync.source, sync.target), sync.source.folder)


def done(sync):
    """A step's result: `{"slug", "changes", "cards", "moved_files", "counts", "reports", "exposure"}`."""
    counts = sync.plan.counts()
    return {
        "slug": sync.plan.slug,
        "changes": sync.plan.size,
        "cards": len(sync.source.cards),
        "moved_files": counts["files"]["create"] + counts["files"]["update"],
        "counts": counts,
        "reports": sync.plan.reports,
        "exposure": sync.plan.exposure(),
    }
