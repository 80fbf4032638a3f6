"""Messages to the queue. One only wakes a worker; it may be lost or come twice, and nothing is lost or doubled."""

from django.utils import timezone
from django_q.tasks import async_task

from .models import Job


def send(job_id):
    """Ask for a slice of this job. In a transaction, the message comes and goes with it."""
    Job.objects.filter(pk=job_id).update(message_sent_at=timezone.now())
    async_task("jobs.runner.run_slice", str(job_id), save=False, ack_failure=True)
