"""Places among the steps that may be in flight at once, over all jobs and workers."""

import sys
from collections import Counter
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from api.rate_limits import SKEW

from . import clock
from .models import ACTIVE, Job, JobStep, Slots

# After a pause, steps begin one at a time for so long, instead of all that wait at once.
CAREFUL = timedelta(seconds=30)
# A step that got no place asks again within this time.
SOON = timedelta(seconds=2)


@transaction.atomic
def take(steps: list[JobStep]) -> list[JobStep]:
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


def _free(name: str, job_id: UUID) -> int:
    """How many places this job may take now."""
    held: Counter[UUID] = Counter()
    waiting: set[UUID] = set()
    served: dict[UUID, datetime] = {}
    columns = ("job_id", "holds_slot", "job__last_served_at", "job__created_at")
    for job, holds, last, created in _wanting(name).values_list(*columns):
        served[job] = last or created
        if holds:
            held[job] += 1
        else:
            waiting.add(job)
    limit: int = settings.JOB_SLOTS[name]
    share = ceil(limit / len(served)) if waiting - {job_id} else limit
    free = limit - held.total() - _ahead(job_id, held, waiting, served)
    return max(0, min(free, share - held[job_id]))


def _wanting(name: str) -> QuerySet[JobStep]:
    """The steps that hold a place, or would take one now: not those that wait for another, or for a time."""
    soon = timezone.now() + SOON
    now = clock.due(soon) & Q(cancel_requested=False) & ~Q(waits_for__status__in=ACTIVE)
    active = JobStep.objects.filter(slot=name, status__in=ACTIVE, job__status__in=ACTIVE)
    return active.filter(Q(holds_slot=True) | now)


def _ahead(job_id: UUID, held: Counter[UUID], waiting: set[UUID], served: dict[UUID, datetime]) -> int:
    """How many jobs a place must be left to: those that hold none and were served longer ago than this one."""
    empty = [job for job in waiting if not held[job]]
    if job_id not in empty:
        return len(empty)
    # The id settles a tie.
    return sum((served[job], job) < (served[job_id], job_id) for job in empty)


def _tolerated(slots: Slots) -> int:
    """How many may begin now: none during a pause that was asked for, one at a time for a while after it."""
    now = timezone.now()
    if not slots.paused_until or not -clock.LONGEST_PAUSE - SKEW <= now - slots.paused_until <= CAREFUL:
        return sys.maxsize
    beginning = JobStep.objects.filter(slot=slots.name, holds_slot=True, external_id="", status__in=ACTIVE)
    return 0 if now < slots.paused_until or beginning.exists() else 1


def pause(name: str, seconds: float) -> None:
    """The other side asked us to wait: let no step of whichever job or worker begin before then.

    A shorter pause does not shorten a longer one.
    """
    now = timezone.now()
    until = now + timedelta(seconds=seconds)
    ended = clock.past("paused_until", now, clock.LONGEST_PAUSE)
    shorter = Q(paused_until__isnull=True) | Q(paused_until__lt=until) | ended
    Slots.objects.filter(shorter, name=name).update(paused_until=until)


def paused_until(name: str) -> datetime | None:
    """When a pause that lasts still will end; None when there is none."""
    now = timezone.now()
    lasting = Slots.objects.filter(paused_until__gt=now, name=name)
    ended = clock.past("paused_until", now, clock.LONGEST_PAUSE)
    return lasting.exclude(ended).values_list("paused_until", flat=True).first()


def wake_waiting(name: str) -> None:
    """A place is free: those that wait for one are due now."""
    now = timezone.now()
    JobStep.objects.filter(slot=name, holds_slot=False, status="pending", due_at__gt=now).update(due_at=now)
