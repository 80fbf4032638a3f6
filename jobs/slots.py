"""Places among the steps that may be in flight at once, over all jobs and workers."""

from collections import Counter
from math import ceil

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from .models import ACTIVE, JobStep, Slots


@transaction.atomic
def take(steps):
    """Give places to as many of these waiting steps of one job as are free and fair; returns those that got one.

    Fair: while other jobs wait too, no job takes more than its share of all places.
    """
    if not steps:
        return []
    name = steps[0].slot
    Slots.objects.get_or_create(name=name)
    Slots.objects.select_for_update().get(name=name)
    granted = steps[: _free(name, steps[0].job_id)]
    JobStep.objects.filter(pk__in=[s.pk for s in granted]).update(holds_slot=True)
    for step in granted:
        step.holds_slot = True
    return granted


def _free(name, job_id):
    wanting = JobStep.objects.filter(slot=name, status__in=ACTIVE).exclude(waits_for__status__in=ACTIVE)
    held, waiting = Counter(), set()
    for job, holds in wanting.values_list("job_id", "holds_slot"):
        if holds:
            held[job] += 1
        elif job != job_id:
            waiting.add(job)
    limit = settings.JOB_SLOTS[name]
    share = ceil(limit / (len(waiting | set(held) | {job_id}))) if waiting else limit
    return max(0, min(limit - held.total(), share - held[job_id]))


def wake_waiting(name):
    """A place is free: those that wait for one are due now."""
    now = timezone.now()
    JobStep.objects.filter(slot=name, holds_slot=False, status="pending", due_at__gt=now).update(due_at=now)
