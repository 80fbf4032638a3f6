"""Times that are due, also where the clock was set: a living runner keeps its job, and nothing waits for a time of
the former clock.

A time that lies further ahead than the rule that set it allows counts as come. Where it lies within that, as a pause
that the other side asked for may, the supervisor notices the step of the clock (`ClockSteps`).
"""

import time
from datetime import UTC, datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from api.rate_limits import SKEW

from .models import ACTIVE, Chore, Job, JobStep, Slots, State

LEASE = timedelta(seconds=15)
# However long the other side asks us to wait, we look again within the hour.
LONGEST_PAUSE = timedelta(hours=1)
# Seconds that the clock may go otherwise than the machine's uptime, between two looks: more than that is a step of it,
# or a machine that slept.
BACK, AHEAD = 2, 20
# Swept files are older than that by a wide margin, but a clock may be set ahead by more.
DAILY_REST = timedelta(hours=1)


def past(field: str, now: datetime, longest: timedelta) -> Q:
    """Rows whose time has come, where a rule sets it at most `longest` ahead."""
    return Q(**{f"{field}__lte": now}) | Q(**{f"{field}__gt": now + longest + SKEW})


def due(now: datetime) -> Q:
    """Steps whose time has come; one that was never looked at waits for none, but a moment for a place."""
    unseen = Q(status=State.PENDING, holds_slot=False, due_at__gt=now + SKEW)
    return past("due_at", now, LONGEST_PAUSE) | unseen


class ClockSteps:
    """Notices that the clock was set, from one look to the next."""

    def __init__(self) -> None:
        self.seen, self.uptime = time.time(), time.monotonic()

    def look(self) -> None:
        """Let leases run on and waiting steps be due, when the clock was set since the last look."""
        now, uptime = time.time(), time.monotonic()
        step = now - self.seen - (uptime - self.uptime)
        if not -BACK <= step <= AHEAD:
            _renew_leases(datetime.fromtimestamp(self.seen, UTC))
            _put_off_daily_tasks()
            if step < 0:
                forget_times()
        # Where the database fails one of these, the next look does them again.
        self.seen, self.uptime = now, uptime


def forget_times() -> None:
    """Let everything that waits for a time be due now, since that time may be of the former clock.

    A look that comes too early does no harm: the other side, if it asked us to wait, asks again.
    """
    now = timezone.now()
    JobStep.objects.filter(status__in=ACTIVE, due_at__gt=now).update(due_at=now)
    Slots.objects.filter(paused_until__gt=now).update(paused_until=None)
    Job.objects.filter(message_sent_at__gt=now).update(message_sent_at=None)
    Job.objects.filter(waiting_since__gt=now).update(waiting_since=now)


def _renew_leases(before: datetime) -> None:
    """Let the leases that ran at `before`, by the former clock, run on by the new one."""
    running = Job.objects.filter(lease_until__gt=before, status__in=ACTIVE)
    running.update(lease_until=timezone.now() + LEASE)


def _put_off_daily_tasks() -> None:
    """Nothing is swept within the hour: files that look old may have been made before the clock was set."""
    rest = timezone.now() + DAILY_REST
    Chore.objects.filter(due_at__lt=rest).update(due_at=rest)
