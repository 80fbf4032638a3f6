"""What the job row says of its steps."""

from collections import Counter

from django.db import transaction
from django.utils import timezone

from storage.messages import Message, of
from storage.messages import counted as ngettext
from storage.messages import message as _

from .locking import lock
from .models import ACTIVE, Job, State


def refresh(job):
    """Bring the counters up to date; a step that ended also proves that the job kills no runner."""
    counts = count(job)
    Job.objects.filter(pk=job.pk).update(
        total_steps=counts.total(),
        current_step=counts[State.COMPLETED],
        progress=_share(counts),
        message=sentence(job, counts),
        cost=_cost(job),
        deaths=0,
    )


def finish(job):
    """End the job if all its steps have; how it ended is told from them."""
    if job.steps.filter(status__in=ACTIVE).exists():
        return False
    with transaction.atomic():
        # Looked at again under the lock: a retry may have come between.
        return _finish(lock(job))


def _finish(job):
    counts = count(job)
    if any(counts[state] for state in ACTIVE):
        return False
    status = _status(job, counts)
    Job.objects.filter(pk=job.pk, status__in=ACTIVE).update(
        status=status,
        progress=100 if status == State.COMPLETED else _share(counts),
        total_steps=counts.total(),
        current_step=counts[State.COMPLETED],
        message=sentence(job, counts),
        error=_error(job) if status == State.FAILED else None,
        result=_result(job, counts),
        cost=_cost(job),
        completed_at=timezone.now(),
        message_sent_at=None,
        waiting_since=None,
    )
    return True


def count(job):
    return Counter(job.steps.values_list("status", flat=True))


def add_up(job):
    """Bring its cost up to date, whether or not it has ended."""
    Job.objects.filter(pk=job.pk).update(cost=_cost(job))


def _cost(job):
    """What its steps have cost together; None when that is known of none."""
    known = list(job.steps.filter(cost__isnull=False).values_list("cost", flat=True))
    return sum(known) if known else None


def sentence(job, counts):
    """`11 of 12 images, 1 failed`, and what the job leaves out"""
    return f"{_counted(job, counts)} {of(job.left_out).english}".strip()


def _counted(job, counts):
    if not counts:
        return "Nothing left to do."
    parts = [f"{counts[State.COMPLETED]} of {counts.total()} {job.unit}"]
    parts += [f"{counts[state]} {state}" for state in (State.FAILED, State.CANCELLED) if counts[state]]
    return ", ".join(parts) + ("." if job.left_out else "")


def _share(counts: Counter) -> int:
    """Per cent of the steps that are done; 100 where there are none. Failed and cancelled steps are not done."""
    total = counts.total()
    return 100 * counts[State.COMPLETED] // total if total else 100


def _status(job, counts):
    if counts[State.CANCELLED] and (
        job.cancel_requested or not counts[State.COMPLETED] + counts[State.FAILED]
    ):
        return State.CANCELLED
    return State.FAILED if counts[State.FAILED] else State.COMPLETED


def _error(job: Job) -> Message:
    failed = list(_failed(job).values("label", "error"))
    first, more = _("%(label)s: %(error)s") % failed[0], len(failed) - 1
    if not more:
        return first
    text = ngettext("%(error)s (%(number)s more failed.)", "%(error)s (%(number)s more failed.)", more)
    return text % {"error": first, "number": more}


def _failed(job):
    return job.steps.filter(status=State.FAILED).order_by("position")


def _result(job, counts):
    return {
        "completed": counts[State.COMPLETED],
        "failed": {key: error.english for key, error in _failed(job).values_list("key", "error")},
        "results": dict(job.steps.filter(result__isnull=False).values_list("key", "result")),
    }
