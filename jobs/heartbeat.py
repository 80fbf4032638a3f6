"""Which workers live: each supervisor says so every few seconds."""

import socket
from datetime import timedelta

from django.utils import timezone

from .clock import SKEW
from .models import Worker

BEAT_SECONDS = 5
# A worker that was not heard of for so long is dead, or can't reach the database.
SILENCE = timedelta(seconds=30)
FORGOTTEN = timedelta(days=1)


def beat(id, processes):
    """Say that the worker of this id lives, with so many processes."""
    now = timezone.now()
    said = {"host": socket.gethostname(), "processes": processes, "beat_at": now}
    Worker.objects.update_or_create(id=id, defaults=said)
    Worker.objects.filter(beat_at__lt=now - FORGOTTEN).delete()


def leave(id):
    """Say that this worker ends."""
    Worker.objects.filter(id=id).delete()


def alive():
    """The workers that were heard of lately."""
    now = timezone.now()
    return Worker.objects.filter(beat_at__gte=now - SILENCE, beat_at__lte=now + SKEW)
