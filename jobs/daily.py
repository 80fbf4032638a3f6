"""Daily tasks: the functions of JOB_DAILY, each called once a day by one of the workers."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from django.utils.module_loading import import_string

from . import waker
from .clock import past
from .models import Chore

EVERY = timedelta(days=1)
# A task that is not done by then was lost with its worker, and is sent for again.
PATIENCE = timedelta(hours=1)

log = logging.getLogger(__name__)


def send_due() -> None:
    """Send a message for each task that is due; of several supervisors at once, one does."""
    now = timezone.now()
    known = set(Chore.objects.values_list("name", flat=True))
    for name in settings.JOB_DAILY:
        if name not in known:
            Chore.objects.get_or_create(name=name, defaults={"due_at": now})
        elif _claim(name, now):
            waker.call("jobs.daily.run", name)


def _claim(name: str, now: datetime) -> bool:
    return bool(Chore.objects.filter(past("due_at", now, EVERY), name=name).update(due_at=now + PATIENCE))


def run(name: str) -> None:
    """The queue's task: call one daily function; a passing failure is tried again within the hour.

    A message of an earlier version may name a function that is no daily one any more: nothing happens.
    """
    if name not in settings.JOB_DAILY:
        log.info("%s is no daily task; nothing was done.", name)
        return
    try:
        import_string(name)()
    except (DatabaseError, OSError) as error:
        log.warning("%s could not be done and is tried again: %s", name, error)
        return
    Chore.objects.filter(name=name).update(due_at=timezone.now() + EVERY)
