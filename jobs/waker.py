"""The waker: it alone guarantees that a job with something to do is looked after."""

from datetime import datetime, timedelta

from django.db.models import Exists, Min, OuterRef, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from . import clock, lease, queue
from .models import ACTIVE, Job, JobStep

# A message that nobody took up by then is lost, or stuck in a cluster that died.
MESSAGE_PATIENCE = timedelta(seconds=15)


def wake():
    """Send one message for each job that has due steps, no living owner and no message under way."""
    for job_id in list(needing_a_runner().values_list("pk", flat=True)[:100]):
        queue.send(job_id)


def needing_a_runner():
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
    return Q(message_sent_at__gte=now - MESSAGE_PATIENCE, message_sent_at__lte=now + clock.SKEW)


def times_taken():
    """A number that changes each time a runner takes a job, or a job ends."""
    return Job.objects.filter(status__in=ACTIVE).aggregate(taken=Sum("lease_token"))["taken"] or 0


def others_wait(job):
    """Whether a message lies for another job, which a worker who goes on with this one keeps waiting."""
    return Job.objects.filter(message_sent_at__isnull=False, status__in=ACTIVE).exclude(pk=job.pk).exists()


def oldest_unclaimed():
    """For how long, in seconds, messages have been sent for the job that waits longest for a runner; 0 for none."""
    now = timezone.now()
    sent = Job.objects.filter(lease.free(now), status__in=ACTIVE, message_sent_at__isnull=False)
    oldest = sent.aggregate(oldest=Min(Coalesce("waiting_since", "message_sent_at")))["oldest"]
    return (now - oldest).total_seconds() if oldest else 0.0
