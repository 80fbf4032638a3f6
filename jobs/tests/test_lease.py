"""The lease: one runner owns a job for as long as it lives."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs import lease, services
from jobs.errors import LeaseLost
from jobs.handlers import StepRun
from jobs.models import Job

from .handlers import run, start, step

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
# Seconds, on a busy machine.
PATIENCE = 60


def let_it_run_out():
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def job():
    return start(step("a"))


def test_a_job_has_one_owner():
    job = start(step("a"))
    assert lease.acquire(job.pk) == 1
    assert lease.acquire(job.pk) is None


def test_an_ended_job_has_no_owner():
    assert lease.acquire(run(step("a")).pk) is None


def test_who_takes_a_job_marks_it_as_running_and_its_message_as_spent(job):
    lease.acquire(job.pk)
    job.refresh_from_db()
    assert (job.status, job.message_sent_at, job.waiting_since) == ("running", None, None)
    assert job.lease_owner == lease.owner_name() and job.started_at


def test_a_dead_owner_is_replaced_and_can_write_no_more():
    job = start(step("a"))
    first = lease.acquire(job.pk)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert lease.acquire(job.pk) == first + 1
    with pytest.raises(LeaseLost):
        StepRun(job.steps.get(), first).save(external_id="paid")
    assert job.steps.get().external_id == ""


def test_a_dead_owner_counts_and_one_that_let_go_does_not(job):
    lease.release(job.pk, lease.acquire(job.pk))
    lease.acquire(job.pk)
    job.refresh_from_db()
    assert job.deaths == 0
    let_it_run_out()
    lease.acquire(job.pk)
    job.refresh_from_db()
    assert job.deaths == 1


def test_a_former_owner_neither_renews_nor_releases(job):
    former = lease.acquire(job.pk)
    let_it_run_out()
    token = lease.acquire(job.pk)
    assert not lease.renew(job.pk, former)
    lease.release(job.pk, former)
    assert lease.renew(job.pk, token) and lease.acquire(job.pk) is None


def test_a_renewed_lease_lasts_as_long_as_a_new_one(job):
    token = lease.acquire(job.pk)
    Job.objects.update(lease_until=timezone.now() + timedelta(seconds=1))
    assert lease.renew(job.pk, token)
    job.refresh_from_db()
    assert job.lease_until > timezone.now() + lease.LEASE / 2


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_renewed_while_the_work_lasts_and_released_when_it_fails(job, monkeypatch):
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.01)
    token = lease.acquire(job.pk)
    with pytest.raises(ZeroDivisionError), lease.renewed(job.pk, token):
        let_it_run_out()
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends and not Job.objects.filter(lease_until__gt=timezone.now()):
            pass
        job.refresh_from_db()
        assert job.lease_until > timezone.now()
        1 / 0  # noqa: B018 - the work fails
    job.refresh_from_db()
    assert (job.lease_owner, job.lease_until) == ("", None)


def test_a_job_is_abandoned_from_the_death_of_its_runner_until_the_next_takes_it(job):
    assert not services.is_abandoned(job)
    lease.acquire(job.pk)
    assert not services.is_abandoned(job)
    let_it_run_out()
    assert services.is_abandoned(job)
    lease.acquire(job.pk)
    assert not services.is_abandoned(job)


def test_a_lease_that_lies_further_ahead_than_any_does_is_free_and_was_no_death(job):
    Job.objects.update(lease_owner="somebody", lease_until=timezone.now() + HOUR)
    assert services.is_abandoned(job)
    assert lease.acquire(job.pk)
    job.refresh_from_db()
    assert job.deaths == 0


def test_a_lease_of_a_host_whose_clock_is_a_bit_ahead_holds(job):
    Job.objects.update(
        lease_owner="somebody", lease_until=timezone.now() + lease.LEASE + timedelta(seconds=30)
    )
    assert lease.acquire(job.pk) is None
