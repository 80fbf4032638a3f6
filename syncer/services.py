"""Syncs as every interface starts, plans and reports them. Each runs as a job with one step per universe."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypedDict, cast
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext_lazy

from api.roles import PUBLISH
from jobs import runner
from jobs import services as jobs
from jobs.errors import Busy
from jobs.models import ACTIVE, Job, State
from jobs.types import JobType
from storage.messages import gettext
from universes.errors import NotFound
from universes.models import Universe
from universes.names import is_slug
from universes.rows import Row
from universes.services import revisions, universes

from . import plan, remote_rows, restore, sync, unpublish
from .client import client
from .errors import Conflict, Damaged, NotThere, Refused, RemoteError, SyncError, from_step
from .models import Journal
from .plan import Plan
from .remote_rows import Tables
from .sync import Result

PUSH, PULL, PULL_ALL, INIT, UNPUBLISH, RESTORE = (
    "sync_push",
    "sync_pull",
    "sync_pull_all",
    "sync_init",
    "sync_unpublish",
    "sync_restore",
)
HANDLERS = {
    PUSH: "syncer.handlers.Push",
    PULL: "syncer.handlers.Pull",
    PULL_ALL: "syncer.handlers.Pull",
    INIT: "syncer.handlers.Pull",
    UNPUBLISH: "syncer.handlers.Unpublish",
    RESTORE: "syncer.handlers.Restore",
}
JOB_TYPES = [
    JobType(PUSH, gettext_lazy("Push"), PUBLISH),
    JobType(PULL, gettext_lazy("Pull"), PUBLISH),
    JobType(PULL_ALL, gettext_lazy("Pull everything"), PUBLISH),
    JobType(INIT, gettext_lazy("First pull"), PUBLISH),
    JobType(UNPUBLISH, gettext_lazy("Unpublish"), PUBLISH),
    JobType(RESTORE, gettext_lazy("Restore"), PUBLISH),
]
VERBS = {
    PUSH: gettext("Push %(slug)s"),
    PULL: gettext("Pull %(slug)s"),
    PULL_ALL: gettext("Pull %(slug)s"),
    INIT: gettext("Pull %(slug)s"),
    UNPUBLISH: gettext("Unpublish %(slug)s"),
    RESTORE: gettext("Restore %(slug)s"),
}


# The errors of universes that are not synced, by slug.
Failed = dict[str, Exception]
Started = tuple[Job | None, list[str], Failed]
Planned = tuple[list[Plan], list[str], Failed]


@dataclass
class Report:
    """The end of a sync; `done` and `failed`: by slug, `notes`: sentences on what was left out."""

    job: Job | None
    done: dict[str, Result] = field(default_factory=dict)
    failed: Failed = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def success(self) -> bool:
        return not self.failed

    @property
    def errors(self) -> list[str]:
        return [f"{slug}: {error}" for slug, error in self.failed.items()]

    def only(self) -> Result:
        """The result of its one universe; raises the error with which that failed."""
        for error in self.failed.values():
            raise error
        return next(iter(self.done.values()))


# --- Looking -----------------------------------------------------------------------------------------------


def connected() -> bool:
    """Whether Supabase is configured and admits our key; answers within 2 seconds."""
    try:
        return client().answers()
    except SyncError:
        return False


class Status(TypedDict):
    supabase_connected: bool
    supabase_url: str | None


def status() -> Status:
    return {"supabase_connected": connected(), "supabase_url": settings.SUPABASE_URL or None}


def plan_push(slug: str) -> Plan:
    return sync.prepare_push(slug).plan


def plan_pull(slug: str) -> Plan:
    return sync.prepare_pull(slug).plan


def plan_pull_all() -> Planned:
    found, notes, damaged = found_there()
    plans, _, failed = plan_each(PULL, list(found))
    return plans, notes, damaged | failed


def plan_each(kind: str, slugs: list[str]) -> Planned:
    """Of pushing or pulling these."""
    direction = {PUSH: plan.PUSH, PULL: plan.PULL}[kind]
    found = plans_or_errors(direction, slugs)
    failed = {slug: error for slug, error in found if isinstance(error, Exception)}
    return [plan for _, plan in found if isinstance(plan, Plan)], [], failed


def plans_or_errors(direction: str, slugs: list[str]) -> list[tuple[str, Plan | Exception]]:
    """`[(slug, Plan or error)]` of pushing or pulling these; the tables over there are read once for all.

    Raises errors that concern all alike, such as a Supabase that does not answer.
    """
    tables = remote_rows.WholeTables(client()) if len(slugs) > 1 else remote_rows.Queries(client())
    prepare = _push_plan if direction == plan.PUSH else _pull_plan
    return [(slug, _plan_or_error(prepare, slug, tables)) for slug in slugs]


def _push_plan(slug: str, tables: Tables) -> Plan:
    return sync.prepare_push(slug, tables).plan


def _pull_plan(slug: str, tables: Tables) -> Plan:
    return sync.prepare_pull(slug, tables).plan


def _plan_or_error(prepare: Callable[[str, Tables], Plan], slug: str, tables: Tables) -> Plan | Exception:
    try:
        return prepare(slug, tables)
    except (Conflict, NotFound, NotThere, RemoteError) as error:
        return error


def found_there() -> tuple[dict[str, Universe | None], list[str], Failed]:
    """`({slug: its counterpart here}, notes, failed)` of all universes in Supabase that can be pulled."""
    rows, notes, failed = remote_rows.universes(client())
    tables = remote_rows.WholeTables(client())
    return {row["slug"]: sync.counterpart(tables, row) for row in rows}, notes, dict(failed)


def public_url(key: str) -> str:
    """The address of a file of the bucket in Supabase, which is public.

    https://supabase.com/docs/guides/storage/serving/downloads
    """
    return f"{settings.SUPABASE_URL}/storage/v1/object/public/{settings.SUPABASE_BUCKET_NAME}/{quote(key)}"


def plan_unpublish(slug: str) -> Plan:
    return unpublish.prepare(slug).plan


def plan_restore(revision_id: object) -> Plan:
    return restore.prepare(revision_id).plan


# --- Starting ----------------------------------------------------------------------------------------------


# `once`: an idempotency key of at most 64 characters; another start with the same one is answered with the first one's
# job, in whatever state.


def start_push(slugs: Iterable[str], *, force: bool = False, author: str = "", once: str = "") -> Job:
    """NotFound when a universe is not here, Busy when another sync is at it."""
    claims = {slug: _claim_of_push(None, slug) for slug in slugs}
    client()
    return _start(PUSH, claims, force, author, once)


def start_pull(slugs: Iterable[str], *, force: bool = False, author: str = "", once: str = "") -> Job:
    """NotThere when a universe is not in Supabase, Busy when another sync is at it."""
    tables = remote_rows.Queries(client())
    return _start(PULL, {slug: _claim_of_pull(tables, slug) for slug in slugs}, force, author, once)


def start_each(kind: str, slugs: Iterable[str], *, force: bool = False) -> Started:
    """Push or pull those of these universes that exist; no job when none does."""
    tables = remote_rows.Queries(client())
    claims: dict[str, str] = {}
    failed: Failed = {}
    for slug in slugs:
        try:
            claims[slug] = CLAIMS[kind](tables, slug)
        except (NotFound, NotThere, Damaged) as error:
            failed[slug] = error
    if not claims:
        return None, [], failed
    job = _start(kind, claims, force, "", "")
    return job, [], failed | _left_out(job, claims)


def start_pull_all(
    *, force: bool = False, author: str = "", once: str = "", kind: str = PULL_ALL
) -> tuple[Job, list[str], Failed]:
    """Pull all that Supabase has; universes that are only here stay.

    Fails for those that another sync is at, and for damaged rows; where these have a slug, their step fails too.
    """
    rows, notes, damaged = remote_rows.universes(client())
    failed: Failed = dict(damaged)
    tables = remote_rows.WholeTables(client())
    claims = {row["slug"]: _claim_there(tables, row) for row in rows}
    claims |= {slug: _claim(slug) for slug in failed if is_slug(slug)}
    job = _start(kind, claims, force, author, once, together=True)
    return job, notes, failed | _left_out(job, claims)


def start_init(*, force: bool = False, author: str = "", once: str = "") -> tuple[Job, list[str], Failed]:
    """A pull of everything, for a fresh installation."""
    return start_pull_all(force=force, author=author, once=once, kind=INIT)


def start_unpublish(slug: str, *, force: bool = False, author: str = "", once: str = "") -> Job:
    """NotThere when the universe is not in Supabase, Refused without force."""
    # After the first start with this key the universe is not there any more.
    if earlier := jobs.started(once, UNPUBLISH, slug):
        return earlier
    gone = plan_unpublish(slug)
    if not force:
        raise Refused(gone.needs_force(), gone.to_dict())
    tables = remote_rows.Queries(client())
    there = sync.find_there(tables, slug)
    claim = _claim_there(tables, there) if there else _claim(slug)
    return _start(UNPUBLISH, {slug: claim}, force, author, once)


def start_restore(revision_id: object, *, force: bool = False, author: str = "", once: str = "") -> Job:
    """NotFound when there is no such revision, Busy when another sync is at its universe."""
    revision = revisions.find(revision_id)
    slug = restore.slug_of(revision)
    return _start(RESTORE, {slug: _claim(slug)}, force, author, once, revision=str(revision.pk))


def busy_with(slugs: Iterable[str]) -> Job | None:
    """The one job that is syncing all of these universes, by the slugs that they have or will have here."""
    claims = {_claim(slug) for slug in slugs}
    job = Job.objects.filter(steps__claim__in=claims, steps__status__in=ACTIVE).first()
    if not job:
        return None
    return job if claims <= set(job.steps.filter(status__in=ACTIVE).values_list("claim", flat=True)) else None


def _claim(slug: str) -> str:
    """Held by one sync of a universe at a time; while a pull changes a slug, the old one counts."""
    leaving = Journal.objects.filter(slug=slug).values_list("old_slug", flat=True).first()
    return f"sync:{leaving or slug}"


def _claim_there(tables: Tables, there: Row) -> str:
    """The claim of a row of `univers`: by the slug that the universe has here, or will have."""
    here = sync.counterpart(tables, there)
    return _claim(here.slug if here else there["slug"])


def _claim_of_push(tables: Tables | None, slug: str) -> str:
    return _claim(universes.find(slug).slug)


def _claim_of_pull(tables: Tables, slug: str) -> str:
    there = sync.find_there(tables, slug)
    if not there:
        raise sync.not_there(slug)
    return _claim_there(tables, there)


CLAIMS: dict[str, Callable[[Tables, str], str]] = {PUSH: _claim_of_push, PULL: _claim_of_pull}


def _left_out(job: Job, claims: Mapping[str, str]) -> Failed:
    """Those that are not in the job, since another sync is at them."""
    begun = set(job.steps.values_list("claim", flat=True))
    said = gettext("Another sync is at it; run this again when that has ended.")
    return {slug: Conflict(said) for slug, claim in claims.items() if claim not in begun}


def _start(
    kind: str,
    claims: Mapping[str, str],
    force: bool,
    author: str,
    once: str,
    together: bool = False,
    **more: str,
) -> Job:
    """The job of these universes, `{slug: claim}`; one that is named by two slugs is synced once."""
    first = {claim: slug for slug, claim in reversed(list(claims.items()))}
    slugs = [slug for slug, claim in claims.items() if first[claim] == slug]
    alone = len(slugs) == 1 and not together
    steps = [
        jobs.Step(
            kind=kind,
            subject=slug,
            key=slug,
            label=VERBS[kind] % {"slug": slug},
            handler=HANDLERS[kind],
            params={"slug": slug, "force": force, "alone": alone, **more},
            claim=claims[slug],
        )
        for slug in slugs
    ]
    try:
        return jobs.start(kind, slugs[0] if alone else "", steps, unit="universes", author=author, once=once)
    except Busy as busy:
        if jobs.is_abandoned(busy.job) and _asks_the_same(busy.job, kind, steps):
            return jobs.answer(once, kind, busy.job.univers_slug, busy.job)
        raise


def _asks_the_same(job: Job, kind: str, steps: list[jobs.Step]) -> bool:
    """Whether an abandoned job is the one that is asked for, and so continues."""
    left = {step.key: step.params for step in job.steps.all()}
    return job.type == kind and left == {step.key: step.params for step in steps}


def finish(
    job: Job | None, notes: Iterable[str] = (), failed: Failed | None = None, parallel: int = 1
) -> Report:
    """Run a job to its end, with so many universes in parallel. `failed`: universes that are not in the job."""
    report = Report(job, failed=dict(failed or {}), notes=list(notes))
    if not job:
        return report
    report.job = runner.run_here(job.pk, max(1, min(parallel, job.total_steps)))
    for step in report.job.steps.all():
        if step.status == State.COMPLETED:
            done = cast(Result, step.result)
            report.done[step.key] = done
            report.notes += done["reports"]
        else:
            report.failed[step.key] = from_step(step)
    return report
