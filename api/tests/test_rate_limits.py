"""Counting within a time, by a clock that may be set."""

from datetime import timedelta

import pytest
from django.utils import timezone

from api import rate_limits
from api.models import Tally

pytestmark = pytest.mark.django_db


def test_what_was_counted_lasts_as_long_as_its_time():
    assert [rate_limits.count("kind", "who", 60)[0] for _ in range(3)] == [1, 2, 3]
    assert rate_limits.look("kind", "who", 60)[0] == 3


def test_a_time_that_ends_later_than_it_may_has_ended():
    """A lockout from before the clock was set back by an hour does not last for that hour, too."""
    rate_limits.count("kind", "who", 60)
    Tally.objects.update(count=100, ends_at=timezone.now() + timedelta(hours=1))
    assert rate_limits.look("kind", "who", 60) == (0, 0)
    count, seconds = rate_limits.count("kind", "who", 60)
    assert (count, seconds <= 60) == (1, True)
