"""A clock that was set back: whatever it wrote before lies ahead, and nothing waits for it."""

import os
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs import clock, process, services, slots, waker
from jobs.models import Chore, Job, JobStep, Slots, Worker

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def job():
    step = services.Step(key="a", label="A", handler="jobs.tests.handlers.Waits", slot="replicate")
    made = services.start("generate_images", "winter", [step])
    Job.objects.filter(pk=made.pk).update(message_sent_at=None, waiting_since=None)
    return made


def is_woken(job):
    return waker.needing_a_runner().filter(pk=job.pk).exists()


def set_job(job, **times):
    Job.objects.filter(pk=job.pk).update(**times)


def set_step(job, status, due_in):
    JobStep.objects.filter(job=job).update(status=status, due_at=timezone.now() + due_in)


@pytest.mark.parametrize(
    ("status", "due_in", "is_due"),
    [
        ("pending", HOUR, True),
        ("pending", timedelta(seconds=30), False),
        ("running", HOUR / 2, False),
        ("running", 2 * HOUR, True),
        ("running", DAY, True),
    ],
)
def test_a_step_waits_no_longer_than_its_rule_allows(job, status, due_in, is_due):
    set_step(job, status, due_in)
    assert is_woken(job) == is_due


def test_a_worker_that_was_heard_of_in_the_future_is_not_alive():
    Worker.objects.create(id="w", host="h", processes=1, beat_at=timezone.now() + HOUR)
    assert not Worker.alive().exists()


def test_a_mark_from_the_future_is_none():
    process.mark()
    assert process.is_marked()
    os.utime(process.mark_path(), (time.time() + 3600,) * 2)
    assert not process.is_marked()
    process.mark()


@pytest.mark.parametrize("seconds", [-86_400, -3600, 3600, 86_400])
def test_the_waker_notices_a_step_of_the_clock(job, monkeypatch, seconds):
    now = timezone.now()
    former = now - timedelta(seconds=seconds)
    monkeypatch.setattr(time, "time", former.timestamp)
    steps = clock.ClockSteps()
    monkeypatch.undo()
    Chore.objects.create(name="jobs.services.prune", due_at=now)
    set_step(job, "running", HOUR / 2)
    set_job(job, lease_until=former + timedelta(seconds=5))
    steps.look()
    job.refresh_from_db()
    # Living leases run on, waiting steps are due, and nothing is swept.
    assert now + timedelta(seconds=10) < job.lease_until < now + timedelta(minutes=1)
    assert (JobStep.objects.get().due_at <= timezone.now()) == (seconds < 0)
    assert Chore.objects.get().due_at > now + HOUR / 2


def test_a_worker_that_waited_for_its_database_puts_no_daily_task_off(monkeypatch):
    now = timezone.now()
    Chore.objects.create(name="jobs.services.prune", due_at=now)
    wall, uptime = time.time() - 60, time.monotonic() - 60
    monkeypatch.setattr(time, "time", lambda: wall)
    monkeypatch.setattr(time, "monotonic", lambda: uptime)
    steps = clock.ClockSteps()
    monkeypatch.undo()
    steps.look()
    assert Chore.objects.get().due_at == now


def test_after_a_step_back_everything_that_waits_is_due(job):
    set_step(job, "running", HOUR / 2)
    Slots.objects.update_or_create(name="replicate", defaults={"paused_until": timezone.now() + HOUR / 2})
    set_job(job, message_sent_at=timezone.now() + timedelta(seconds=30))
    clock.forget_times()
    assert is_woken(job)
    assert not slots.paused_until("replicate")
