"""What several tests of generation do: look at the bucket, take a job so far, wait for the provider."""

import time

from django.utils import timezone

from generation.models import Charge
from jobs.models import Job, JobStep
from jobs.runner import run_slice
from storage import bucket

# Far longer than it takes, in slices of a job and in seconds.
MOST_SLICES, PATIENCE, LONGEST_JOB = 20, 60, 300


def path_of(name, slug="winter"):
    return bucket.bucket().path(f"{slug}/{name}")


def bytes_of(name):
    with bucket.bucket().open(f"winter/{name}") as file:
        return file.read()


def begin(job):
    """Look at each of the job's steps, so that all are bought; on a busy machine a slice is over before that."""
    for _ in range(MOST_SLICES):
        run_slice(str(job.pk), threads=1)
        if not JobStep.objects.filter(job=job, external_id="").exists():
            return
    raise AssertionError("Some steps are never bought.")


def run_out(job_id):
    """Run a job to its end without waiting for a step to be due; returns the job."""
    ends = time.monotonic() + LONGEST_JOB
    while not Job.objects.get(pk=job_id).ended:
        assert time.monotonic() < ends, "The job does not end."
        JobStep.objects.filter(job_id=job_id).update(due_at=timezone.now())
        run_slice(str(job_id), threads=1)
    return Job.objects.get(pk=job_id)


def wait_for_the_end_of(provider):
    ends = time.monotonic() + PATIENCE
    while provider.counters()["running"]:
        assert time.monotonic() < ends


def books():
    """`[(status, amount)]` of all charges."""
    return sorted(Charge.objects.values_list("status", "amount"))
