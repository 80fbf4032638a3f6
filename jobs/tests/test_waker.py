"""The waker: which jobs get a message, and when once more."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from jobs import lease, runner, services, waker
from jobs.models import Job

from .handlers import run, start, step

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LONG_AGO = timedelta(minutes=1)


@pytest.fixture
def job():
    """A job whose first message is lost."""
    made = start(step("a"))
    set_job(made, message_sent_at=None, waiting_since=None)
    return made


def set_job(job, **times):
    Job.objects.filter(pk=job.pk).update(**times)


def is_woken(job):
    return waker.needing_a_runner().filter(pk=job.pk).exists()


@pytest.fixture
def messages(queued, django_capture_on_commit_callbacks):
    """Wakes, and tells which messages were sent."""

    def look():
        with django_capture_on_commit_callbacks(execute=True):
            waker.wake()
        return queued()

    return look


def test_each_job_with_something_to_do_gets_one_message(job, messages):
    other = start(step("b"))
    set_job(other, message_sent_at=None)
    run(step("c"))
    assert messages() == [("jobs.runner.run_slice", str(found.pk)) for found in (job, other)]
    assert messages() == []


def test_a_lost_message_is_sent_again(job, messages):
    assert len(messages()) == 1
    set_job(job, message_sent_at=timezone.now() - waker.MESSAGE_PATIENCE - timedelta(seconds=1))
    assert len(messages()) == 1


def test_a_message_is_sent_once_its_transaction_has_ended_well(queued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = start(step("a"))
        assert queued() == []
    assert queued() == [("jobs.runner.run_slice", str(job.pk))]


@pytest.mark.skipif(bool(settings.REDIS_URL), reason="The table that goes away is the queue without Redis.")
@pytest.mark.django_db(transaction=True)
def test_a_queue_that_cannot_be_reached_loses_the_message_alone(queued, caplog):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_q_ormq RENAME TO gone")
        try:
            job = start(step("a"))
        finally:
            cursor.execute("ALTER TABLE gone RENAME TO django_q_ormq")
    assert "The queue can't be reached; jobs.runner.run_slice is asked for again" in caplog.text
    set_job(job, message_sent_at=timezone.now() - LONG_AGO)
    waker.wake()
    assert queued() == [("jobs.runner.run_slice", str(job.pk))]


def test_a_job_that_somebody_runs_is_left_alone(job):
    token = lease.acquire(job.pk)
    assert not is_woken(job)
    lease.release(job.pk, token)
    assert is_woken(job)


def test_a_job_whose_runner_died_is_woken(job):
    lease.acquire(job.pk)
    set_job(job, lease_until=timezone.now() - timedelta(seconds=1))
    assert is_woken(job)


def test_a_job_without_a_step_that_is_due_is_left_alone(job):
    job.steps.update(status="running", due_at=timezone.now() + HOUR / 2)
    assert not is_woken(job)
    job.steps.update(due_at=timezone.now())
    assert is_woken(job)


def test_a_job_that_waits_for_another_ones_step_is_left_alone_until_that_has_ended():
    first = start(step("picture", claim="image:1"))
    second = start(step("picture", claim="image:1"), step("clip", after="picture"))
    set_job(second, message_sent_at=None)
    assert not is_woken(second)
    runner.run_here(first.pk)
    assert is_woken(second)


def test_a_job_whose_runner_died_before_it_could_end_it_is_woken_and_ends(job):
    job.steps.update(status="completed")
    assert is_woken(job)
    runner.run_slice(job.pk, threads=1)
    job.refresh_from_db()
    assert job.status == "completed" and not is_woken(job)


def test_an_ended_job_is_never_woken():
    assert not is_woken(run(step("a"))) and not is_woken(services.cancel(start(step("b"))))


def test_a_message_that_came_while_the_job_was_owned_is_made_up_for():
    job = start(step("a"))
    token = lease.acquire(job.pk)
    waker.send(job.pk)
    runner.run_slice(job.pk)
    assert job not in waker.needing_a_runner()
    lease.release(job.pk, token)
    assert job in waker.needing_a_runner()


def test_a_message_from_the_future_is_sent_again(job):
    set_job(job, message_sent_at=timezone.now() + HOUR)
    assert is_woken(job)
    set_job(job, message_sent_at=timezone.now() + timedelta(seconds=30))
    assert not is_woken(job)


def test_it_is_known_for_how_long_a_job_has_waited_for_a_runner(job):
    assert waker.oldest_unclaimed() == 0
    waker.send(job.pk)
    set_job(job, waiting_since=timezone.now() - LONG_AGO)
    waker.send(job.pk)
    assert 60 <= waker.oldest_unclaimed() < 120
    lease.acquire(job.pk)
    assert waker.oldest_unclaimed() == 0


def test_each_runner_that_takes_a_job_changes_the_number(job):
    before = waker.times_taken()
    lease.acquire(job.pk)
    assert waker.times_taken() == before + 1


def test_a_job_waits_for_others_alone(job):
    waker.send(job.pk)
    assert not waker.others_wait(job)
    other = start(step("b"))
    assert waker.others_wait(job)
    lease.acquire(other.pk)
    assert not waker.others_wait(job)
