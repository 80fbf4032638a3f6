"""Progress, message, error, result and cost of a job, told from its steps."""

from collections import Counter
from decimal import Decimal
from typing import Any, TypedDict

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from storage.messages import Message, ngettext, of
from storage.messages import gettext as _

from .models import ACTIVE, Job, JobStep, State


class JobResult(TypedDict):
    """How a job ended; `failed` and `results` go by the key of a step, and a result has its handler's own shape."""

    completed: int
    failed: dict[str, str]
    results: dict[str, Any]


def refresh(job: Job) -> None:
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


def finish(job: Job) -> bool:
    """End the job if all its steps have; how it ended is told from them."""
    if job.steps.filter(status__in=ACTIVE).exists():
        return False
    with transaction.atomic():
        # Looked at again under the lock: a retry may have come between.
        return _finish(job.locked())


def _finish(job: Job) -> bool:
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


def count(job: Job) -> Counter[str]:
    return Counter(job.steps.values_list("status", flat=True))


def add_up(job: Job) -> None:
    """Bring its cost up to date, whether or not it has ended."""
    Job.objects.filter(pk=job.pk).update(cost=_cost(job))


def _cost(job: Job) -> Decimal | None:
    """The cost of its steps together; None when that is known of none."""
    known = [cost for cost in job.steps.values_list("cost", flat=True) if cost is not None]
    return sum(known, Decimal(0)) if known else None


def sentence(job: Job, counts: Counter[str]) -> str:
    """`11 of 12 images, 1 failed`, and the sentence about steps that were left out."""
    return f"{_counted(job, counts)} {of(job.left_out).english}".strip()


def _counted(job: Job, counts: Counter[str]) -> str:
    if not counts:
        return "Nothing left to do."
    parts = [f"{counts[State.COMPLETED]} of {counts.total()} {job.unit}"]
    parts += [f"{counts[state]} {state}" for state in (State.FAILED, State.CANCELLED) if counts[state]]
    return ", ".join(parts) + ("." if job.left_out else "")


def _share(counts: Counter[str]) -> int:
    """Per cent of the steps that are done; 100 where there are none. Failed and cancelled steps are not done."""
    total = counts.total()
    return 100 * counts[State.COMPLETED] // total if total else 100


def _status(job: Job, counts: Counter[str]) -> State:
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


def _failed(job: Job) -> QuerySet[JobStep]:
    return job.steps.filter(status=State.FAILED).order_by("position")


def _result(job: Job, counts: Counter[str]) -> JobResult:
    return {
        "completed": counts[State.COMPLETED],
        "failed": {key: of(error).english for key, error in _failed(job).values_list("key", "error")},
        "results": dict(job.steps.filter(result__isnull=False).values_list("key", "result")),
    }
