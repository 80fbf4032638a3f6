"""The lease: one runner owns a job, for as long as it shows that it lives."""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import OperationalError, connection
from django.db.models import F, Q
from django.utils import timezone

from . import clock
from .clock import LEASE
from .models import ACTIVE, Job, State

RENEW_SECONDS = 4
# A runner that dies with the same job three times in a row is taken to die of it.
MOST_DEATHS = 3

log = logging.getLogger(__name__)


def free(now: datetime) -> Q:
    """Jobs that no living runner owns."""
    return Q(lease_until__isnull=True) | clock.past("lease_until", now, LEASE)


def acquire(job_id: UUID | str) -> int | None:
    """Own the job: its fencing token, or None when another does or it has ended."""
    now = timezone.now()
    job = Job.objects.filter(free(now), pk=job_id, status__in=ACTIVE).first()
    if not job:
        return None
    # One whose time lies too far ahead lost it to a clock that was set back, and may live.
    died = bool(job.lease_owner) and job.lease_until is not None and job.lease_until <= now
    won = Job.objects.filter(free(now), pk=job_id, status__in=ACTIVE, lease_token=job.lease_token).update(
        lease_owner=owner_name(),
        lease_until=now + LEASE,
        lease_token=F("lease_token") + 1,
        deaths=F("deaths") + int(died),
        message_sent_at=None,
        waiting_since=None,
        started_at=job.started_at or now,
        status=State.RUNNING,
    )
    return job.lease_token + 1 if won else None


def owner_name() -> str:
    """Cluster, host and process of a runner."""
    return f"{os.environ.get('MAGIKSWIPE_CLUSTER', 'here')}:{socket.gethostname()}:{os.getpid()}"


def renew(job_id: UUID | str, token: int) -> bool:
    """Whether the job is still ours."""
    return bool(Job.objects.filter(pk=job_id, lease_token=token).update(lease_until=timezone.now() + LEASE))


def release(job_id: UUID | str, token: int) -> None:
    """Let go. A message that came meanwhile found the job owned and is spent: the waker may send another."""
    Job.objects.filter(pk=job_id, lease_token=token).update(
        lease_owner="", lease_until=None, message_sent_at=None
    )


@contextmanager
def renewed(job_id: UUID | str, token: int) -> Iterator[None]:
    """Renew the lease from a thread while the block runs; release it when it ends."""
    stop = threading.Event()
    thread = threading.Thread(target=_renew, args=(job_id, token, stop), daemon=True, name=f"lease-{job_id}")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        release(job_id, token)


def _renew(job_id: UUID | str, token: int, stop: threading.Event) -> None:
    try:
        while not stop.wait(RENEW_SECONDS):
            try:
                if not renew(job_id, token):
                    return
            except OperationalError as error:
                # A busy database now is no reason to let go: the next round may get through in time.
                log.warning("The lease of job %s could not be renewed: %s", job_id, error)
    finally:
        connection.close()
