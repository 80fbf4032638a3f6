"""Places among the steps that may be in flight at once, over all jobs and workers."""

import sys
from collections import Counter
from datetime import timedelta
from math import ceil

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from .models import ACTIVE, Job, JobStep, Slots

# Who was throttled begins one step at a time for so long, instead of all that wait at once.
CAREFUL = timedelta(seconds=30)


@transaction.atomic
def take(steps):
    """Give places to as many of these waiting steps of one job as are free and fair; returns those that got one.

    Fair: while other jobs wait too, no job takes more than its share of all places.
    """
    if not steps:
        return []
    name = steps[0].slot
    Slots.objects.get_or_create(name=name)
    slots = Slots.objects.select_for_update().get(name=name)
    granted = steps[: min(_free(name, steps[0].job_id), _tolerated(slots))]
    if granted:
        JobStep.objects.filter(pk__in=[s.pk for s in granted]).update(holds_slot=True)
        Job.objects.filter(pk=granted[0].job_id).update(last_served_at=timezone.now())
    for step in granted:
        step.holds_slot = True
    return granted


def _free(name, job_id):
    """How many places this job may take now."""
    wanting = JobStep.objects.filter(slot=name, status__in=ACTIVE).exclude(waits_for__status__in=ACTIVE)
    held, waiting, served = Counter(), set(), {}
    for job, holds, last in wanting.values_list("job_id", "holds_slot", "job__last_served_at"):
        served[job] = last
        if holds:
            held[job] += 1
        else:
            waiting.add(job)
    limit = settings.JOB_SLOTS[name]
    share = ceil(limit / len(served)) if waiting - {job_id} else limit
    free = limit - held.total() - _ahead(job_id, held, waiting, served)
    return max(0, min(free, share - held[job_id]))


def _ahead(job_id, held, waiting, served):
    """How many jobs a place must be left to: those that hold none and were served longer ago than this one."""
    empty = [job for job in waiting if not held[job]]
    if job_id not in empty:
        return len(empty)
    return sum(_turn(job, served) < _turn(job_id, served) for job in empty)


def _turn(job, served):
    """Who was never served comes first; the id settles a tie."""
    last = served[job]
    return (last is not None, last.timestamp() if last else 0, job)


def _tolerated(slots):
    """How many may begin now: none during a pause that was asked for, one at a time for a while after it."""
    now = timezone.now()
    if not slots.paused_until or now - slots.paused_until > CAREFUL:
        return sys.maxsize
    beginning = JobStep.objects.filter(slot=slots.name, holds_slot=True, external_id="", status__in=ACTIVE)
    return 0 if now < slots.paused_until or beginning.exists() else 1


def pause(name, seconds):
    """The other side asked us to wait: let no step of whichever job or worker begin before then."""
    Slots.objects.filter(name=name).update(paused_until=timezone.now() + timedelta(seconds=seconds))


def wake_waiting(name):
    """A place is free: those that wait for one are due now."""
    now = timezone.now()
    JobStep.objects.filter(slot=name, holds_slot=False, status="pending", due_at__gt=now).update(due_at=now)
