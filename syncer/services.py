"""What one can ask of a sync; every interface calls these. Each runs as a job with one step per universe."""

from dataclasses import dataclass, field

from django.conf import settings

from jobs import runner
from jobs import services as jobs
from jobs.errors import Busy
from jobs.models import State
from universes.services import universes

from . import kept, remote, restore, syncs, unpublish
from .client import client
from .errors import Conflict, NotThere, Refused, SyncError, from_step

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
VERBS = {
    PUSH: "Push",
    PULL: "Pull",
    PULL_ALL: "Pull",
    INIT: "Pull",
    UNPUBLISH: "Unpublish",
    RESTORE: "Restore",
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
    """`(plans, notes)` of a pull of everything; nothing is changed."""
    rows, notes = remote.universes(client())
    tables, plans = remote.WholeTables(client()), []
    for row in rows:
        try:
            plans.append(syncs.prepare_pull(row["slug"], tables).plan)
        except Conflict as error:
            notes.append(f"{row['slug']}: {error}")
    return plans, notes


def plan_unpublish(slug):
    """The Plan of taking a universe out of Supabase; nothing is changed."""
    return unpublish.prepare(slug).plan


def plan_restore(revision_id):
    """The Plan of making a universe what a revision kept; nothing is changed. Raises as `restore.prepare` does."""
    return restore.prepare(revision_id).plan


def plan_push_all(slugs):
    tables = remote.WholeTables(client())
    return [syncs.prepare_push(slug, tables).plan for slug in slugs]


# --- Starting ----------------------------------------------------------------------------------------------


# Each takes `once`, a text of at most 64 characters that a form carries: a start that comes again with the same text
# is answered with the first one's job, whatever became of it.


def start_push(slugs, *, force=False, author="", once=""):
    """The job that pushes these universes. NotFound when one is not here, Busy when they are being synced already."""
    for slug in slugs:
        universes.find(slug)
    client()
    return _start(PUSH, slugs, force, author, once)


def start_pull(slugs, *, force=False, author="", once=""):
    """The job that pulls these universes. NotThere when one is not in Supabase."""
    known = remote.Queries(client())
    for slug in slugs:
        if not syncs.find_there(known, slug):
            raise NotThere(f"Universe '{slug[:100]}' not found in Supabase.")
    return _start(PULL, slugs, force, author, once)


def start_pull_all(*, force=False, author="", once="", kind=PULL_ALL):
    """`(job, notes)` of pulling all that Supabase has; what is only here stays."""
    rows, notes = remote.universes(client())
    slugs = [row["slug"] for row in rows]
    job = _start(kind, slugs, force, author, once, together=True)
    begun = set(job.steps.values_list("key", flat=True))
    return job, notes + [f"{slug}: another sync is at it." for slug in slugs if slug not in begun]


def start_init(*, force=False, author="", once=""):
    """The same as pulling all, for a fresh installation."""
    return start_pull_all(force=force, author=author, once=once, kind=INIT)


def start_unpublish(slug, *, force=False, author="", once=""):
    """The job that takes a universe out of Supabase. NotThere when it is not there, Refused without force."""
    # It is no longer there when it was taken out by this very click.
    if earlier := jobs.started(once, UNPUBLISH, slug):
        return earlier
    plan = plan_unpublish(slug)
    if not force:
        raise Refused(plan.needs_force(), plan.to_dict())
    return _start(UNPUBLISH, [slug], force, author, once)


def start_restore(revision_id, *, force=False, author="", once=""):
    """The job that makes a universe what a revision kept. NotFound when there is none, Busy when a sync is at it."""
    revision = kept.find(revision_id)
    return _start(RESTORE, [restore.slug_of(revision)], force, author, once, revision=str(revision.pk))


def _start(kind, slugs, force, author, once, together=False, **more):
    alone = len(slugs) == 1 and not together
    steps = [
        jobs.Step(
            key=slug,
            label=f"{VERBS[kind]} {slug}",
            handler=HANDLERS[kind],
            params={"slug": slug, "force": force, "alone": alone, **more},
            claim=f"sync:{slug}",
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


def finish(job, notes=(), side_by_side=1):
    """Run a job of these to its end, so many universes at a time, and report how each of them fared."""
    threads = min(side_by_side, job.total_steps)
    report = Report(runner.run_here(job.pk, max(1, threads)), notes=list(notes))
    for step in report.job.steps.all():
        if step.status == State.COMPLETED:
            report.done[step.key] = step.result
            report.notes += step.result["reports"]
        else:
            report.failed[step.key] = from_step(step)
    return report
