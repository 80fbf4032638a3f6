"""What one can ask of a sync; every interface calls these. Each runs as a job with one step per universe."""

from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from api.roles import PUBLISH
from jobs import runner
from jobs import services as jobs
from jobs.errors import Busy
from jobs.models import ACTIVE, Job, State
from jobs.types import JobType
from universes.errors import NotFound
from universes.names import is_slug
from universes.services import revisions, universes

from . import plan, previews, remote, restore, syncs, unpublish
from .client import client
from .errors import Conflict, Damaged, NotThere, Refused, SyncError, from_step
from .models import Journal

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
    PUSH: gettext_noop("Push %(slug)s"),
    PULL: gettext_noop("Pull %(slug)s"),
    PULL_ALL: gettext_noop("Pull %(slug)s"),
    INIT: gettext_noop("Pull %(slug)s"),
    UNPUBLISH: gettext_noop("Unpublish %(slug)s"),
    RESTORE: gettext_noop("Restore %(slug)s"),
}


@dataclass
class Report:
    """How a sync ended: `done` and `failed` by slug; `notes`: sentences on what was left out or left alone."""

    job: object
    done: dict = field(default_factory=dict)
    failed: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)

    @property
    def success(self):
        return not self.failed

    @property
    def errors(self):
        return [f"{slug}: {error}" for slug, error in self.failed.items()]

    def total(self, name):
        return sum(result[name] for result in self.done.values())

    def only(self):
        """The result of the one universe that it was about; its error when it failed."""
        for error in self.failed.values():
            raise error
        return next(iter(self.done.values()))


# --- Looking -----------------------------------------------------------------------------------------------


def connected():
    """Whether Supabase is configured and admits us; answers within 2 seconds."""
    try:
        return client().answers()
    except SyncError:
        return False


def status():
    """`{"supabase_connected", "supabase_url"}`; never the key."""
    return {"supabase_connected": connected(), "supabase_url": settings.SUPABASE_URL or None}


def plan_push(slug):
    """The Plan of a push; nothing is changed."""
    return syncs.prepare_push(slug).plan


def plan_pull(slug):
    """The Plan of a pull; nothing is changed."""
    return syncs.prepare_pull(slug).plan


def plan_pull_all():
    """`(plans, notes, failed)` of a pull of everything, as `plan_each`; nothing is changed."""
    found, notes, damaged = previews.found_there()
    plans, _, failed = plan_each(PULL, list(found))
    return plans, notes, damaged | failed


def plan_each(kind, slugs):
    """`(plans, notes, failed)` of pushing or pulling these; `failed`: by slug, why there is no plan."""
    direction = {PUSH: plan.PUSH, PULL: plan.PULL}[kind]
    found = dict(previews.plan_each(direction, slugs))
    failed = {slug: error for slug, error in found.items() if isinstance(error, Exception)}
    return [found[slug] for slug in slugs if slug not in failed], [], failed


def plan_unpublish(slug):
    """The Plan of taking a universe out of Supabase; nothing is changed."""
    return unpublish.prepare(slug).plan


def plan_restore(revision_id):
    """The Plan of making a universe what a revision kept; nothing is changed. Raises as `restore.prepare` does."""
    return restore.prepare(revision_id).plan


# --- Starting ----------------------------------------------------------------------------------------------


# Each takes `once`, a text of at most 64 characters that a form carries: a start that comes again with the same text
# is answered with the first one's job, whatever became of it.


def start_push(slugs, *, force=False, author="", once=""):
    """The job that pushes these universes. NotFound when one is not here, Busy when they are being synced already."""
    claims = {slug: _claim_of_push(None, slug) for slug in slugs}
    client()
    return _start(PUSH, claims, force, author, once)


def start_pull(slugs, *, force=False, author="", once=""):
    """The job that pulls these universes. NotThere when one is not in Supabase."""
    tables = remote.Queries(client())
    return _start(PULL, {slug: _claim_of_pull(tables, slug) for slug in slugs}, force, author, once)


def start_each(kind, slugs, *, force=False):
    """`(job, notes, failed)` of pushing or pulling these: one that is not there keeps no other from it.

    The job is None when none of them can be synced; `failed`: by slug, why one is not.
    """
    tables, claims, failed = remote.Queries(client()), {}, {}
    for slug in slugs:
        try:
            claims[slug] = CLAIMS[kind](tables, slug)
        except (NotFound, NotThere, Damaged) as error:
            failed[slug] = error
    if not claims:
        return None, [], failed
    job = _start(kind, claims, force, "", "")
    return job, [], failed | _left_out(job, claims)


def start_pull_all(*, force=False, author="", once="", kind=PULL_ALL):
    """`(job, notes, failed)` of pulling all that Supabase has; what is only here stays.

    `failed`: by slug, those that another sync is at, and those whose row can't be read; where that has a slug, its
    step fails with the same.
    """
    rows, notes, failed = remote.universes(client())
    tables = remote.WholeTables(client())
    claims = {row["slug"]: _claim_there(tables, row) for row in rows}
    claims |= {slug: _claim(slug) for slug in failed if is_slug(slug)}
    job = _start(kind, claims, force, author, once, together=True)
    return job, notes, failed | _left_out(job, claims)


def start_init(*, force=False, author="", once=""):
    """The same as pulling all, for a fresh installation."""
    return start_pull_all(force=force, author=author, once=once, kind=INIT)


def start_unpublish(slug, *, force=False, author="", once=""):
    """The job that takes a universe out of Supabase. NotThere when it is not there, Refused without force."""
    # It is no longer there when it was taken out by this very click.
    if earlier := jobs.started(once, UNPUBLISH, slug):
        return earlier
    gone = plan_unpublish(slug)
    if not force:
        raise Refused(gone.needs_force(), gone.to_dict())
    tables = remote.Queries(client())
    there = syncs.find_there(tables, slug)
    claim = _claim_there(tables, there) if there else _claim(slug)
    return _start(UNPUBLISH, {slug: claim}, force, author, once)


def start_restore(revision_id, *, force=False, author="", once=""):
    """The job that makes a universe what a revision kept. NotFound when there is none, Busy when a sync is at it."""
    revision = revisions.find(revision_id)
    slug = restore.slug_of(revision)
    return _start(RESTORE, {slug: _claim(slug)}, force, author, once, revision=str(revision.pk))


def busy_with(slugs):
    """The job that is syncing all of these universes, by the slugs that they have or will have here, if one is."""
    claims = {_claim(slug) for slug in slugs}
    job = Job.objects.filter(steps__claim__in=claims, steps__status__in=ACTIVE).first()
    held = set(job.steps.filter(status__in=ACTIVE).values_list("claim", flat=True)) if job else set()
    return job if claims and claims <= held else None


def _claim(slug):
    """What only one sync of a universe here holds at a time; a pull may just be giving it another slug."""
    leaving = Journal.objects.filter(slug=slug).values_list("old_slug", flat=True).first()
    return f"sync:{leaving or slug}"


def _claim_there(tables, there):
    """The same for a row of Supabase: by the slug that the universe has here, or will have."""
    here = syncs.counterpart(tables, there)
    return _claim(here.slug if here else there["slug"])


def _claim_of_push(tables, slug):
    return _claim(universes.find(slug).slug)


def _claim_of_pull(tables, slug):
    there = syncs.find_there(tables, slug)
    if not there:
        raise NotThere(gettext("Universe '%(slug)s' not found in Supabase.") % {"slug": slug[:100]})
    return _claim_there(tables, there)


CLAIMS = {PUSH: _claim_of_push, PULL: _claim_of_pull}


def _left_out(job, claims):
    """By slug, those that are not in the job since another sync is at them."""
    begun = set(job.steps.values_list("claim", flat=True))
    said = gettext("Another sync is at it; run this again when that has ended.")
    return {slug: Conflict(said) for slug, claim in claims.items() if claim not in begun}


def _start(kind, claims, force, author, once, together=False, **more):
    """The job of these universes, `{slug: claim}`; one that is named by two slugs is synced once."""
    first = {claim: slug for slug, claim in reversed(claims.items())}
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


def _asks_the_same(job, kind, steps):
    """Whether a job that its runner left behind is just what is asked for now: then it is gone on with."""
    left = {step.key: step.params for step in job.steps.all()}
    return job.type == kind and left == {step.key: step.params for step in steps}


def finish(job, notes=(), failed=None, side_by_side=1):
    """Run a job of these to its end, so many universes at a time, and report how each of them fared.

    `job` None: nothing was started; `failed`: by slug, what is not in the job and why.
    """
    report = Report(job, failed=dict(failed or {}), notes=list(notes))
    if not job:
        return report
    report.job = runner.run_here(job.pk, max(1, min(side_by_side, job.total_steps)))
    for step in report.job.steps.all():
        if step.status == State.COMPLETED:
            report.done[step.key] = step.result
            report.notes += step.result["reports"]
        else:
            report.failed[step.key] = from_step(step)
    return report
