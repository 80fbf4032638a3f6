"""The machine's clock is set while a worker runs: who lives stays alive, and nothing waits for the former time."""

import time
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from . import lease
from .models import ACTIVE, Chore, Job, JobStep, Slots

# Seconds that the clock may go otherwise than the machine's uptime, between two looks: more than that is a step of it,
# or a machine that slept.
BACK, AHEAD = 2, 20
# Swept files are older than that by a wide margin, but a clock may be set ahead by more.
CHORES_REST = timedelta(hours=1)


class Watch:
    """Notices that the clock was set, from one look to the next."""

    def __init__(self) -> None:
        self.seen, self.uptime = time.time(), time.monotonic()

    def look(self) -> None:
        """Set right what waits, when the clock was set since the last look."""
        now, uptime = time.time(), time.monotonic()
        step = now - self.seen - (uptime - self.uptime)
        if not -BACK <= step <= AHEAD:
            lease.carry_over(datetime.fromtimestamp(self.seen, UTC))
            _put_off_chores()
            if step < 0:
                forget_times()
        # Where the database fails one of these, the next look does them again.
        self.seen, self.uptime = now, uptime


def forget_times() -> None:
    """Let all that waits for a time be due now: by which clock that was written, nobody knows.

    A look that comes too early does no harm: who asked us to wait asks again.
    """
    now = timezone.now()
    JobStep.objects.filter(status__in=ACTIVE, due_at__gt=now).update(due_at=now)
    Slots.objects.filter(paused_until__gt=now).update(paused_until=None)
    Job.objects.filter(message_sent_at__gt=now).update(message_sent_at=None)
    Job.objects.filter(waiting_since__gt=now).update(waiting_since=now)


def _put_off_chores() -> None:
    """Nothing is swept within the hour: files that look old may have been made before the clock was set."""
    rest = timezone.now() + CHORES_REST
    Chore.objects.filter(due_at__lt=rest).update(due_at=rest)
