"""What is done once a day: the functions that the settings name, by whichever worker comes first."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from django.utils.module_loading import import_string

from . import queue
from .clock import past
from .models import Chore

EVERY = timedelta(days=1)
# One that was sent for and is not done by then was lost with its worker, and is sent for again.
PATIENCE = timedelta(hours=1)

log = logging.getLogger(__name__)


def send_due():
    """Send a message for each chore that is due; of several wakers at once, one does."""
    now = timezone.now()
    known = set(Chore.objects.values_list("name", flat=True))
    for name in settings.JOB_DAILY:
        if name not in known:
            Chore.objects.get_or_create(name=name, defaults={"due_at": now})
        elif _claim(name, now):
            queue.call("jobs.chores.do", name)


def _claim(name, now):
    return Chore.objects.filter(past("due_at", now, EVERY), name=name).update(due_at=now + PATIENCE)


def do(name):
    """The queue's task: do one chore; what fails in passing is tried again within the hour."""
    try:
        import_string(name)()
    except (DatabaseError, OSError) as error:
        log.warning("%s could not be done and is tried again: %s", name, error)
        return
    Chore.objects.filter(name=name).update(due_at=timezone.now() + EVERY)
