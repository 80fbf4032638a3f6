"""The one order in which a job and its steps are locked."""

from .models import Job


def lock(job):
    """The job as it is now, which nobody else changes until this transaction ends.

    Whoever changes a job together with its steps takes this first: in one order, nobody waits in a circle.
    """
    return Job.objects.select_for_update().get(pk=job.pk)
