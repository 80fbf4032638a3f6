"""One universe pushed or pulled: a plan is made from both sides, checked, applied to the target, and noted."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypedDict, TypeVar

from django.db import transaction
from django.utils import timezone

from storage import archive
from storage.messages import Message, gettext
from storage.staging import staging
from universes.models import Revision, Universe
from universes.rows import Row
from universes.services import revisions, universes

from . import journals, local, progress, remote_rows
from .client import client
from .errors import ChangedMeanwhile, Conflict, NotThere, Refused, Unreadable, unfit
from .local import LocalSide
from .plan import CREATE, DELETE, PULL, PUSH, UPDATE, Plan, PlanCounts, build
from .remote import RemoteSide
from .remote_rows import Queries, Tables
from .sides import Files, Side, Snapshot, Source, digest

# A push is planned anew so often when somebody writes the same universe in Supabase meanwhile.
PUSH_TRIES = 3
# A file is fetched so often before it is given up: once may be the line's fault.
FETCH_TRIES = 2


class Result(TypedDict, total=False):
    """The result of a job's step. `exposure` is absent in older ones."""

    slug: str
    changes: int
    cards: int
    moved_files: int
    counts: PlanCounts
    reports: list[str]
    exposure: str


S = TypeVar("S", bound=Source)
T = TypeVar("T", bound=Side)


@dataclass
class Sync(Generic[S, T]):
    """A plan and the sides from which it was made."""

    plan: Plan
    source: S
    target: T


Push = Sync[LocalSide, RemoteSide]
Pull = Sync[RemoteSide, LocalSide]


# --- Push


def prepare_push(slug: str, tables: Tables | None = None) -> Push:
    """The plan of a push. NotFound when the universe is not here, Conflict when it can't be pushed."""
    here = universes.find(slug)
    tables = tables or Queries(client())
    there = remote_rows.find(tables, slug, local.remote_id(here))
    _check_slug_there(tables, slug, there)
    source = LocalSide(slug, here)
    _check_texts(source.snapshot)
    target = RemoteSide(tables, slug, there, to_write=True)
    return Sync(build(source.snapshot, target.snapshot, PUSH), source, target)


def _check_texts(here: Snapshot) -> None:
    """Conflict for characters that SQLite stores and PostgreSQL refuses, before anything is written."""
    for table, rows in here.rows.items():
        for row in rows:
            for column, text in row.items():
                if isinstance(text, str) and remote_rows.NO_TEXT.search(text):
                    raise _not_storable(here.slug, f"{table} {row['id']}", column)


def _not_storable(slug: str, row: str, column: str) -> Conflict:
    return Conflict(
        gettext(
            "'%(slug)s' has a text that Supabase can't store: the %(column)s of %(row)s holds a NUL or half a "
            "character; write that text anew, and push again."
        )
        % {"slug": slug, "row": row, "column": column}
    )


def _check_slug_there(tables: Tables, slug: str, there: Row | None) -> None:
    """Conflict when another universe has our slug over there: its folder would be written to."""
    if there and there["slug"] != slug and (other := remote_rows.find(tables, slug)):
        raise Conflict(
            gettext(
                "'%(slug)s' is called '%(there)s' in Supabase, where '%(slug)s' is the slug of "
                "another universe, '%(other)s'; give one of them another slug in Supabase, and push "
                "again."
            )
            % {"slug": slug, "there": there["slug"], "other": other["name"]}
        )


def run_push(slug: str, *, force: bool = False, tables: Tables | None = None, author: str = "") -> Result:
    """Make Supabase equal to here. The plan is made anew when somebody writes there before our rows are."""
    finish(slug)
    uploaded = []
    for _ in range(PUSH_TRIES):
        sync = checked(prepare_push(slug, tables), force)
        try:
            if sync.plan.size:
                sync.plan.reports += _archive_overwritten(sync, author)
                sync.target.apply(sync.plan, sync.source)
        except ChangedMeanwhile:
            uploaded += sync.plan.file_changes(CREATE, UPDATE)
            tables = None
        else:
            sync.plan.files[:0] = uploaded
            local.rekey(sync.plan.rekeys)
            _note(sync, sync.target.id)
            return result(sync)
    raise Conflict(
        gettext("'%(slug)s' changes in Supabase all the time; push it again when nobody else is at it.")
        % {"slug": slug}
    )


# --- Archiving before Supabase is overwritten


def _archive_overwritten(sync: Push, author: str) -> list[str]:
    """A revision of all rows over there and of the files that are replaced or deleted, unless the plan only adds."""
    plan, there = sync.plan, sync.target.snapshot
    names = [change.name for change in plan.file_changes(UPDATE, DELETE)]
    if names or plan.row_changes(UPDATE) or plan.row_changes(DELETE):
        return archive_remote(PUSH, sync.target, {name: there.files[name] for name in names}, author)
    return []


def archive_remote(cause: str, side: RemoteSide, files: Files, author: str) -> list[str]:
    """Keep the rows of a universe in Supabase, and `files` of its folder, as a revision that can be restored here.

    A retry keeps nothing twice. Returns sentences on files that could not be archived, since Supabase does not give
    them as it lists them: they must not block every further sync.
    """
    there = side.snapshot
    archived, reports = _archive_files(side, files)
    rows = {t: rows for t, rows in there.rows.items() if t not in there.missing} if there.universe else {}
    last = Revision.objects.filter(univers_slug=there.slug, cause=cause).order_by("-created_at").first()
    if not (last and rows in ({}, last.rows) and archived.items() <= last.files.items()):
        revisions.create_from(there.slug, cause, author, archived, rows)
    return reports


def _archive_files(side: RemoteSide, files: Files) -> tuple[dict[str, str], list[str]]:
    """`({name: sha256}, reports)`. Files that the archive has, by their known hashes, are not fetched."""
    archived = {
        name: file.sha256 for name, file in files.items() if file.sha256 and archive.renew(file.sha256)
    }
    lost: list[str] = []

    def fetch(name: str) -> None:
        for _ in range(FETCH_TRIES):
            with suppress(Unreadable), side.reading(files[name], folder / name) as path:
                archived[name] = archive.add(path)
                path.unlink()
                return
        lost.append(files[name].path)

    with staging() as folder:
        progress.in_parallel(fetch, files.keys() - archived.keys(), counted=False)
    return archived, [
        str(
            gettext("%(file)s could not be kept: Supabase does not give it as it lists it.")
            % {"file": f"{side.slug}/{path}"}
        )
        for path in sorted(lost)
    ]


# --- Pull


def find_there(tables: Tables, slug: str) -> Row | None:
    """The row of a universe in Supabase, by its slug there or here."""
    here = Universe.objects.filter(slug=slug).first()
    return remote_rows.find(tables, slug) or remote_rows.find(
        tables, None, local.remote_id(here) if here else None
    )


def counterpart(tables: Tables, there: Row) -> Universe | None:
    """The universe here of a row of `univers`."""
    return local.counterpart(there, lambda own_id: remote_rows.exists(tables, "id", own_id))


def remote_source(tables: Tables, there: Row, here: Universe | None) -> RemoteSide:
    """A universe in Supabase to be read, by its row there and its counterpart here."""
    former = local.former_folder(here, there["slug"]) if here else ""
    return RemoteSide(tables, there["slug"], there, former=former)


def not_there(slug: str) -> NotThere:
    return NotThere(gettext("Universe '%(slug)s' not found in Supabase.") % {"slug": slug[:100]})


def prepare_pull(slug: str, tables: Tables | None = None, author: str = "") -> Pull:
    """The plan of a pull. NotThere when Supabase has no such universe, Conflict when its slug is another's here."""
    tables = tables or Queries(client())
    there = find_there(tables, slug)
    if not there:
        raise not_there(slug)
    if not remote_rows.is_fit(there):
        raise unfit(slug)
    here = counterpart(tables, there)
    _check_slug_here(tables, there["slug"], here)
    source = remote_source(tables, there, here)
    target = LocalSide(there["slug"], here, remote_id=there["id"], cause=PULL, author=author)
    return Sync(build(source.snapshot, target.snapshot, PULL), source, target)


def _check_slug_here(tables: Tables, slug: str, here: Universe | None) -> None:
    """Conflict when another universe here has the slug: its folder would be written to."""
    if other := local.other_with_slug(slug, here):
        words = {"slug": slug, "name": other.name, "reason": _way_out(tables, slug, other)}
        raise Conflict(
            gettext(
                "'%(slug)s' in Supabase is another universe than the one here with that slug, "
                "'%(name)s'; %(reason)s."
            )
            % words
        )


def _way_out(tables: Tables, slug: str, other: Universe) -> Message:
    """The way to free a slug that another universe has here."""
    there = remote_rows.find(tables, None, local.remote_id(other))
    if not there:
        return gettext("give it another slug in Supabase, or delete the one here, and pull again")
    if Universe.objects.filter(slug=there["slug"]).exists():
        return gettext("in Supabase, give it a slug that nobody has, pull both, and give it its slug again")
    words = {"there": there["slug"], "slug": slug}
    return (
        gettext("that one is called '%(there)s' in Supabase: pull '%(there)s' first, then '%(slug)s'") % words
    )


def run_pull(slug: str, *, force: bool = False, tables: Tables | None = None, author: str = "") -> Result:
    """Make here equal to Supabase."""
    finish(slug)
    sync = checked(prepare_pull(slug, tables, author), force)
    if not sync.plan.is_empty:
        sync.target.apply(sync.plan, sync.source)
        sync.source.note_digests()
    _note(sync, sync.source.id)
    return result(sync)


# --- Any sync


def finish(slug: str) -> None:
    """Move the files that a broken pull or deletion has yet to move, before a plan is made from them."""
    journals.finish(slug)
    revisions.archive_leaving(slug)


def checked(sync: Sync[S, T], force: bool) -> Sync[S, T]:
    """The sync, whose plan is told to the listener; Refused when it takes too much away without force."""
    if not force and (reason := sync.plan.needs_force()):
        raise Refused(reason, sync.plan.to_dict())
    progress.planned(sync.plan)
    return sync


@transaction.atomic
def _note(sync: Push | Pull, remote_id: int | None) -> None:
    """Remember that both sides are equal now: id there, time and digest."""
    here = universes.find(sync.plan.slug)
    source, target = sync.source.snapshot, sync.target.snapshot
    local.unlink(remote_id)
    Universe.objects.filter(pk=here.pk).update(supabase_id=remote_id, last_synced_at=timezone.now())
    local.note(here, digest(source, target), source.folder)


def result(sync: Sync[S, T]) -> Result:
    counts = sync.plan.counts()
    return {
        "slug": sync.plan.slug,
        "changes": sync.plan.size,
        "cards": len(sync.source.snapshot.cards),
        "moved_files": counts["files"]["create"] + counts["files"]["update"],
        "counts": counts,
        "reports": sync.plan.reports,
        "exposure": sync.plan.exposure(),
    }
