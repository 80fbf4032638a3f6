"""Times that a clock wrote which has been set back since: nothing waits for them.

A time that lies further ahead than the rule that set it allows counts as come. Where it lies within that, as a pause
that the other side asked for may, the waker notices the step itself (`clock_steps`).
"""

from datetime import datetime, timedelta

from django.db.models import Q

from api.tallies import SKEW

from .models import State

# However long the other side asks us to wait, we look again within the hour.
LONGEST_PAUSE = timedelta(hours=1)


def past(field: str, now: datetime, longest: timedelta) -> Q:
    """Rows whose time has come, where a rule sets it at most `longest` ahead."""
    return Q(**{f"{field}__lte": now}) | Q(**{f"{field}__gt": now + longest + SKEW})


def due(now: datetime) -> Q:
    """Steps whose time has come; one that was never looked at waits for none, but a moment for a place."""
    unseen = Q(status=State.PENDING, holds_slot=False, due_at__gt=now + SKEW)
    return past("due_at", now, LONGEST_PAUSE) | unseen
