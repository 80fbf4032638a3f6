"""Jobs that nobody is at, and what they hold on to."""

from functools import partial

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from generation import spending
from jobs import lease, progress, queue
from jobs.models import ACTIVE, ENDED, Job, JobStep, State

from .findings import Finding, old

LOST = "Its job had ended without it; retry the job to do it again."


def stuck_jobs():
    """Active, without an owner, and nobody sent for for an hour though something is due."""
    due = JobStep.objects.filter(job=OuterRef("pk"), status__in=ACTIVE, due_at__lt=old())
    for job in _unowned().filter(Exists(due)):
        yield Finding(
            "stuck-job",
            f"Job {job.pk} ({job}) has waited for long; a worker is sent for.",
            partial(queue.send, job.pk),
        )


def unended_jobs():
    """All its steps have ended, it has not: its runner died before it could say so."""
    active = JobStep.objects.filter(job=OuterRef("pk"), status__in=ACTIVE)
    for job in _unowned().filter(~Exists(active), created_at__lt=old()):
        yield Finding(
            "unended-job", f"Job {job.pk} ({job}) is done and does not say so.", partial(progress.finish, job)
        )


def _unowned():
    silent = Q(message_sent_at__isnull=True) | Q(message_sent_at__lt=old()) | Q(waiting_since__lt=old())
    return Job.objects.filter(lease.free(timezone.now()), silent, status__in=ACTIVE)


def lost_steps():
    """Active steps of a job that has ended: nobody will ever look at them, and they keep others from their claim."""
    steps = JobStep.objects.filter(status__in=ACTIVE, job__status__in=ENDED, job__completed_at__lt=old())
    if number := steps.count():
        fixed = {"status": State.FAILED, "error": LOST, "completed_at": timezone.now(), "holds_slot": False}
        yield Finding(
            "lost-steps", f"{number} steps wait in jobs that have ended.", partial(steps.update, **fixed)
        )


def held_slots():
    steps = JobStep.objects.filter(holds_slot=True, status__in=ENDED)
    if number := steps.count():
        yield Finding(
            "held-slots",
            f"{number} steps that ended hold a place among the predictions in flight.",
            partial(steps.update, holds_slot=False),
        )


def open_charges():
    if number := sum(1 for charge, _step in spending.left_over() if charge.created_at < old()):
        yield Finding(
            "open-charges", f"{number} charges are reserved for what nobody will buy any more.", spending.tidy
        )
