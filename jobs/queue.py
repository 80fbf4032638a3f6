"""Messages to the queue. One only wakes a worker; it may be lost or come twice, and nothing is lost or doubled."""

import logging
from functools import partial

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models.functions import Coalesce
from django.utils import timezone
from django_q.tasks import async_task

from .models import Job

log = logging.getLogger(__name__)


def send(job_id):
    """Ask for a slice of this job, once the transaction that this is in has ended well."""
    now = timezone.now()
    Job.objects.filter(pk=job_id).update(message_sent_at=now, waiting_since=Coalesce("waiting_since", now))
    call("jobs.runner.run_slice", str(job_id))


def call(path, *arguments):
    """Ask a worker to call the function of this dotted path, once the transaction that this is in has ended well.

    A queue that can't be reached loses the message, and nothing else: who needs it done asks again.
    """
    # Not before: a queue of its own knows of no transaction, and a worker would look for what is not there yet.
    transaction.on_commit(partial(_call, path, *arguments))


def _call(path, *arguments):
    try:
        async_task(path, *arguments, save=False, ack_failure=True)
    except _unreachable() as error:
        log.warning("The queue can't be reached; %s is asked for again: %s", path, error)


def _unreachable():
    """What a queue raises that can't be reached. Who has no Redis does without its client, which weighs 5 MB."""
    if not settings.REDIS_URL:
        return DatabaseError
    from redis import RedisError

    return RedisError, DatabaseError
