"""What several tests of generation do: look at the bucket, take a job so far, wait for the provider."""

import time

import pytest
from django.utils import timezone

from generation import prediction
from generation.models import Charge
from jobs import runner
from jobs.models import ACTIVE, Job, JobStep
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
    """Look at each of the job's steps that waits for no other, so that all are bought and none is looked at again.

    On a busy machine a slice is over before that, and a step that is due again in a moment would be finished by it.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(prediction, "FIRST_LOOK", LONGEST_JOB)
        for _ in range(MOST_SLICES):
            run_slice(str(job.pk), threads=1)
            unbought = JobStep.objects.filter(job=job, external_id="")
            if not unbought.exclude(waits_for__status__in=ACTIVE).exists():
                return
    raise AssertionError("Some steps are never bought.")


def look(job):
    """Look at the job's one step, whenever it is due, and just once however soon it is due again; returns the step."""
    JobStep.objects.filter(job=job).update(due_at=timezone.now())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runner, "SLICE_SECONDS", 0)
        run_slice(str(job.pk), threads=1)
    return JobStep.objects.get(job=job)


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
