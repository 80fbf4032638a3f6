"""Places among the steps that may be in flight at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs import runner, slots
from jobs.models import JobStep, Slots

from .handlers import run, start, step

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def two_places(settings):
    settings.JOB_SLOTS = {"replicate": 2}


def in_flight(job):
    return job.steps.filter(holds_slot=True).count()


def test_no_more_steps_than_places_are_in_flight():
    job = start(*(step(str(n), slot="replicate", params={"seconds": 60}) for n in range(5)))
    runner.run_slice(job.pk, threads=1)
    assert in_flight(job) == 2


def test_two_jobs_share_the_places():
    jobs = [start(*(step(str(n), slot="replicate", params={"seconds": 60}) for n in range(5))) for _ in "ab"]
    for job in jobs:
        runner.run_slice(job.pk, threads=1)
    assert [in_flight(job) for job in jobs] == [1, 1]


def test_all_get_their_turn():
    job = run(*(step(str(n), slot="replicate") for n in range(5)))
    assert job.status == "completed"
    assert in_flight(job) == 0


def test_a_job_that_waits_for_a_time_keeps_no_place_from_others(settings):
    settings.JOB_SLOTS = {"replicate": 1}
    waiting = start(step("a", slot="replicate"))
    waiting.steps.update(due_at=timezone.now() + timedelta(minutes=1))
    assert run(step("b", slot="replicate")).status == "completed"


def test_newcomers_do_not_keep_an_old_job_from_its_turn(settings):
    settings.JOB_SLOTS = {"replicate": 1}
    old, *newcomers = [start(step("a", slot="replicate")) for _ in range(4)]
    for job in newcomers:
        runner.run_slice(job.pk, threads=1)
    assert not JobStep.objects.exclude(status="pending").exists()
    runner.run_slice(old.pk, threads=1)
    assert old.steps.get().status == "completed"


def test_a_shorter_pause_does_not_shorten_a_longer_one():
    run(step("a", slot="replicate"))
    slots.pause("replicate", 300)
    longer = slots.paused_until("replicate")
    slots.pause("replicate", 1)
    assert slots.paused_until("replicate") == longer


def test_during_a_pause_nothing_begins():
    run(step("a", slot="replicate"))
    slots.pause("replicate", 300)
    job = start(step("b", slot="replicate"), step("c", slot="replicate"))
    job.steps.filter(key="c").update(holds_slot=True)
    runner.run_slice(job.pk, threads=1)
    assert not job.steps.exclude(status="pending").exists()


def waiting(*keys):
    """A job of such steps, none of which has a place."""
    return start(*(step(key, slot="replicate", params={"seconds": 60}) for key in keys))


def test_a_place_of_another_name_is_another_place(settings):
    settings.JOB_SLOTS = {"replicate": 1, "supabase": 1}
    job = start(
        *(step(name, slot=name, params={"seconds": 60}) for name in ("replicate", "supabase")),
    )
    runner.run_slice(job.pk, threads=1)
    assert in_flight(job) == 2


def test_a_step_that_ends_gives_its_place_to_one_that_waits_at_once(settings):
    settings.JOB_SLOTS = {"replicate": 1}
    first, second = start(step("a", slot="replicate")), waiting("b")
    assert slots.take(list(first.steps.all())) and not slots.take(list(second.steps.all()))
    second.steps.update(due_at=timezone.now() + timedelta(minutes=1))
    runner.run_here(first.pk)
    assert second.steps.get().due_at <= timezone.now()
    assert slots.take(list(second.steps.all()))


def test_after_a_pause_steps_begin_one_at_a_time(settings):
    settings.JOB_SLOTS = {"replicate": 5}
    job = waiting("a", "b", "c")
    Slots.objects.create(name="replicate", paused_until=timezone.now() - timedelta(seconds=1))
    assert [s.key for s in slots.take(list(job.steps.all()))] == ["a"]
    assert not slots.take(list(job.steps.filter(holds_slot=False)))
    job.steps.filter(key="a").update(external_id="ordered")
    assert [s.key for s in slots.take(list(job.steps.filter(holds_slot=False)))] == ["b"]


def test_a_while_after_a_pause_all_begin_again(settings):
    settings.JOB_SLOTS = {"replicate": 5}
    job = waiting("a", "b", "c")
    Slots.objects.create(name="replicate", paused_until=timezone.now() - slots.CAREFUL - timedelta(seconds=1))
    assert len(slots.take(list(job.steps.all()))) == 3


def test_a_pause_lasts_no_longer_than_one_may():
    (waits,) = waiting("a").steps.all()
    for ahead, lasts in ((HOUR / 2, True), (DAY, False)):
        Slots.objects.update_or_create(name="replicate", defaults={"paused_until": timezone.now() + ahead})
        assert bool(slots.paused_until("replicate")) == lasts
        assert bool(slots.take([waits])) != lasts
    slots.pause("replicate", 60)
    assert slots.paused_until("replicate") < timezone.now() + HOUR
