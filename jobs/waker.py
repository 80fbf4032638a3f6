"""Messages to the queue, and the waker, which alone guarantees that a job with something to do is looked after.

A message only wakes a worker; it may be lost or come twice, and nothing is lost or doubled.
"""

import logging
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django_q.tasks import async_task

from api.rate_limits import SKEW

from . import clock, lease
from .models import ACTIVE, Job, JobStep

# A message that nobody took up by then is lost, or stuck in a cluster that died.
MESSAGE_PATIENCE = timedelta(seconds=15)

log = logging.getLogger(__name__)


def send(job_id: UUID | str) -> None:
    """Ask for a slice of this job, once the transaction that this is in has ended well."""
    now = timezone.now()
    Job.objects.filter(pk=job_id).update(message_sent_at=now, waiting_since=Coalesce("waiting_since", now))
    call("jobs.runner.run_slice", str(job_id))


def call(path: str, *arguments: str) -> None:
    """Ask a worker to call the function of this dotted path, once the transaction that this is in has ended well.

    A queue that can't be reached loses the message, and nothing else: the waker asks again.
    """
    # Not before: a queue of another server knows no transaction, and a worker would look for rows that are not there.
    transaction.on_commit(partial(_call, path, *arguments))


def _call(path: str, *arguments: str) -> None:
    try:
        async_task(path, *arguments, save=False, ack_failure=True)
    except _unreachable() as error:
        log.warning("The queue can't be reached; %s is asked for again: %s", path, error)


def _unreachable() -> tuple[type[Exception], ...]:
    """The errors of a queue that can't be reached. Without Redis, its client of 5 MB is not loaded."""
    if not settings.REDIS_URL:
        return (DatabaseError,)
    from redis import RedisError

    return RedisError, DatabaseError


def wake() -> None:
    """Send one message for each job that has due steps, no living owner and no message under way."""
    for job_id in list(needing_a_runner().values_list("pk", flat=True)[:100]):
        send(job_id)


def needing_a_runner() -> QuerySet[Job]:
    now = timezone.now()
    active = JobStep.objects.filter(job=OuterRef("pk"), status__in=ACTIVE)
    due = active.filter(clock.due(now)).exclude(waits_for__status__in=ACTIVE)
    return (
        Job.objects.filter(lease.free(now), status__in=ACTIVE)
        .filter(Q(message_sent_at__isnull=True) | ~_under_way(now))
        # No active step left: its runner died before it could say how the job ended.
        .filter(Exists(due) | ~Exists(active))
        .order_by("created_at")
    )


def _under_way(now: datetime) -> Q:
    """Jobs whose message may still be taken up; one that was sent later than now was sent by another clock."""
    return Q(message_sent_at__gte=now - MESSAGE_PATIENCE, message_sent_at__lte=now + SKEW)


def times_taken() -> int:
    """A number that changes each time a runner takes a job, or a job ends."""
    return Job.objects.filter(status__in=ACTIVE).aggregate(taken=Sum("lease_token"))["taken"] or 0


def others_wait(job: Job) -> bool:
    """Whether a message lies for another job, which waits as long as the runner stays with this one."""
    return Job.objects.filter(message_sent_at__isnull=False, status__in=ACTIVE).exclude(pk=job.pk).exists()


def oldest_unclaimed() -> float:
    """For how long, in seconds, messages have been sent for the job that waits longest for a runner; 0 for none."""
    now = timezone.now()
    sent = Job.objects.filter(lease.free(now), status__in=ACTIVE, message_sent_at__isnull=False)
    oldest = sent.aggregate(oldest=Min(Coalesce("waiting_since", "message_sent_at")))["oldest"]
    return (now - oldest).total_seconds() if oldest else 0.0
