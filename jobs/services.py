"""Jobs: started, cancelled, retried, cleaned up. Every interface calls these."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from api import idempotency
from storage.messages import Text
from storage.messages import gettext as _

from . import lease, progress, waker
from .errors import Busy, NotFound, NotPossible
from .models import ACTIVE, ENDED, Job, JobStep, State


@dataclass(frozen=True)
class Step:
    """A step to be made.

    `key`: what it is called in the API. `kind` and `subject`: what it makes, and for what. `handler`: dotted path of a
    `jobs.handlers.Handler`. `claim`: what only one active step, of whichever job, may be at. `slot`: the scarce thing
    it needs a place of. `after`: the key of the step that must complete first.
    """

    key: str
    label: Text
    handler: str
    kind: str = ""
    subject: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    claim: str = ""
    slot: str = ""
    after: str = ""


# Gives the price of steps in US dollars, None where nobody knows; an exception keeps their job from starting.
Estimate: TypeAlias = Callable[[list[Step]], Decimal | None]


def start(
    type: str,
    slug: str,
    steps: Sequence[Step],
    *,
    unit: str = "steps",
    author: str = "",
    once: str = "",
    left_out: Text = "",
    estimate: Estimate | None = None,
) -> Job:
    """Make a job of these steps, but for those whose claim another job holds, and ask for its first slice.

    No steps at all: a job that is completed already. Raises Busy when other jobs are at every one of them.
    `once`: a text of at most 64 characters; with one that came with a start before, that one's job is returned and
    nothing started (see `started`). `left_out`: a sentence for people about steps that are not made, and why.
    `estimate` is called with the steps that are made.
    """
    job = Job(type=type, univers_slug=slug, unit=unit, author=author, left_out=left_out)
    return _settling_claims(lambda: started(once, type, slug) or _start(job, steps, once, estimate))


def started(once: str, type: str, slug: str) -> Job | None:
    """The job that a start with this idempotency key was answered with; None when none was, as for the empty key.

    KeyRefused when that start was for something else, and for a key that is too long.
    """
    return idempotency.find(once, _order(type, slug), Job)


def answer(once: str, type: str, slug: str, job: Job) -> Job:
    """Let this job be the answer to a start that came with this idempotency key; returns the job that is."""
    try:
        with transaction.atomic():
            idempotency.record(once, _order(type, slug), job)
    except IntegrityError:
        return started(once, type, slug) or job
    return job


def _order(type: str, slug: str) -> str:
    return f"{type}:{slug}"


def _settling_claims(work: Callable[[], Job]) -> Job:
    """Do it in a transaction; once more when somebody claimed or let go of the same between our look and our write.

    The same goes for two starts with one idempotency key.
    """
    try:
        with transaction.atomic():
            return work()
    except (IntegrityError, _ClaimsMoved):
        with transaction.atomic():
            return work()


class _ClaimsMoved(Exception):
    """The step that held a claim a moment ago has ended."""


def _start(job: Job, steps: Sequence[Step], once: str, estimate: Estimate | None) -> Job:
    job.save(force_insert=True)
    idempotency.record(once, _order(job.type, job.univers_slug), job)
    made = add_steps(job, steps)
    if steps and not made:
        raise Busy(_holder(steps))
    if estimate:
        keys = {step.key for step in made}
        cost = estimate([step for step in steps if step.key in keys])
        Job.objects.filter(pk=job.pk).update(estimated_cost=cost)
    if made:
        waker.send(job.pk)
    else:
        progress.finish(job)
    job.refresh_from_db()
    return job


def add_steps(job: Job, steps: Sequence[Step]) -> list[JobStep]:
    """Append steps to a job, within the caller's transaction; returns those made.

    A step that another job is at is left out; a step after it waits for that other one. In a job that is to be
    cancelled, they are cancelled from the start.
    """
    job.refresh_from_db(fields=["cancel_requested"])
    born = {"status": State.CANCELLED, "completed_at": timezone.now()} if job.cancel_requested else {}
    held = {
        s.claim: s
        for s in JobStep.objects.filter(status__in=ACTIVE, claim__in=[s.claim for s in steps if s.claim])
    }
    known = {s.key: s for s in job.steps.all()} | {s.key: held[s.claim] for s in steps if s.claim in held}
    made = []
    for position, spec in enumerate((s for s in steps if s.claim not in held), start=job.steps.count() + 1):
        row = JobStep(
            job=job,
            position=position,
            kind=spec.kind,
            subject=spec.subject,
            key=spec.key,
            label=spec.label,
            handler=spec.handler,
            params=spec.params,
            claim=spec.claim,
            slot=spec.slot,
            waits_for=known.get(spec.after),
            **born,
        )
        known[spec.key] = row
        made.append(row)
    JobStep.objects.bulk_create(made)
    progress.refresh(job)
    return made


def _holder(steps: Sequence[Step]) -> Job:
    claims = [s.claim for s in steps if s.claim]
    found = (
        Job.objects.filter(steps__status__in=ACTIVE, steps__claim__in=claims).order_by("created_at").first()
    )
    if not found:
        raise _ClaimsMoved
    return found


def find(job_id: UUID | str) -> Job:
    """The job with this id; NotFound for any other text."""
    try:
        return Job.objects.get(pk=UUID(str(job_id)))
    except (ValueError, Job.DoesNotExist):
        raise NotFound(_("Job '%(job_id)s' not found.") % {"job_id": str(job_id)[:100]}) from None


@transaction.atomic
def cancel(job: Job) -> Job:
    """Stop a job: steps that have not begun end now; the next slice cancels those in flight at the other side."""
    job = job.locked()
    if job.ended:
        raise NotPossible(
            _("Job %(job)s has ended already (%(status)s); there is nothing to cancel.")
            % {"job": job.pk, "status": job.get_status_display()}
        )
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    active = job.steps.filter(status__in=ACTIVE)
    active.filter(intent_at__isnull=True, status=State.PENDING).update(
        status=State.CANCELLED, completed_at=now, holds_slot=False
    )
    active.update(cancel_requested=True, due_at=now)
    if not progress.finish(job):
        progress.refresh(job)
        waker.send(job.pk)
    job.refresh_from_db()
    return job


def retry(job: Job) -> Job:
    """Make the failed and cancelled steps of a job, and only those, pending again.

    Raises NotPossible while it runs or when nothing failed, Busy when another job is at one of these steps.
    """
    return _settling_claims(lambda: _retry(job))


def _retry(job: Job) -> Job:
    job = job.locked()
    again = job.steps.filter(status__in=[State.FAILED, State.CANCELLED])
    if not job.ended or not again.exists():
        raise NotPossible(
            _("Job %(job)s is %(status)s and has nothing to retry.")
            % {"job": job.pk, "status": job.get_status_display()}
        )
    claims = [claim for claim in again.values_list("claim", flat=True) if claim]
    if other := JobStep.objects.filter(status__in=ACTIVE, claim__in=claims).first():
        raise Busy(other.job)
    # The result of another job's step may be there by now, whatever became of that job: the handler looks.
    elsewhere = again.filter(waits_for__isnull=False).exclude(waits_for__job=job)
    JobStep.objects.filter(pk__in=list(elsewhere.values_list("pk", flat=True))).update(waits_for=None)
    again.update(
        status=State.PENDING,
        error="",
        attempts=0,
        due_at=timezone.now(),
        completed_at=None,
        cancel_requested=False,
        result=None,
    )
    Job.objects.filter(pk=job.pk).update(
        status=State.PENDING, error=None, result=None, completed_at=None, cancel_requested=False
    )
    progress.refresh(job)
    waker.send(job.pk)
    job.refresh_from_db()
    return job


def is_abandoned(job: Job) -> bool:
    """Whether the runner of a job that has not ended died, and no other took it up yet."""
    left = Job.objects.exclude(lease_owner="").filter(lease.free(timezone.now()))
    return left.filter(pk=job.pk, status__in=ACTIVE).exists()


def listing(univers_slug: str = "", status: str | None = "") -> QuerySet[Job]:
    """The jobs that match, newest first; NotPossible for a status that no job can have."""
    if status and status not in State.values:
        raise NotPossible(f"'{status[:50]}' is not a job status; use one of {', '.join(State.values)}.")
    wanted = {"univers_slug": univers_slug, "status": status}
    return Job.objects.filter(**{field: value for field, value in wanted.items() if value})


def prune() -> int:
    """Delete the jobs that ended more than JOBS_KEPT_DAYS ago; returns how many. Their charges stay in the books."""
    return cleanup(settings.JOBS_KEPT_DAYS)


def cleanup(days: int) -> int:
    """Delete the jobs that ended more than so many days ago; returns how many. Active ones stay."""
    before = timezone.now() - timedelta(days=days)
    old = Job.objects.filter(status__in=ENDED, completed_at__lt=before)
    number = old.count()
    old.delete()
    return number


def halt_all(reason: Text) -> None:
    """End all jobs that have not ended, as failed for this reason; a retry resumes them."""
    for job in Job.objects.filter(status__in=ACTIVE):
        job.steps.filter(status__in=ACTIVE).update(
            status=State.FAILED, error=reason, completed_at=timezone.now(), holds_slot=False
        )
        Job.objects.filter(pk=job.pk).update(lease_owner="", lease_until=None)
        progress.finish(job)
