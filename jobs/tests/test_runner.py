"""How a job's steps are run, in this process."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs import lease, runner, services, slots, waker
from jobs.errors import Busy, LeaseLost, NotPossible
from jobs.handlers import StepRun
from jobs.models import Job, JobStep

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch):
    """What one slice gets done is no matter of how busy the machine is."""
    monkeypatch.setattr(runner, "SLICE_SECONDS", 300)


def step(key, handler="Waits", **options):
    params = options.pop("params", {})
    return services.Step(
        key=key, label=f"Step {key}", handler=f"jobs.tests.handlers.{handler}", params=params, **options
    )


def start(*steps, **options):
    return services.start("generate_images", "winter", list(steps), **options)


def run(*steps, **options):
    return runner.run_here(start(*steps, **options).pk)


class TestEnds:
    def test_a_job_whose_steps_are_all_done_is_completed(self):
        job = run(step("a"), step("b"), unit="images")
        assert (job.status, job.progress, job.current_step, job.total_steps) == ("completed", 100, 2, 2)
        assert job.message == "2 of 2 images"
        assert job.error is None
        assert job.completed_at >= job.started_at >= job.created_at

    def test_a_job_with_a_failed_step_is_failed_and_counts_both(self):
        job = run(step("a"), step("b", "Fails"), step("c"), unit="images")
        assert job.status == "failed"
        assert job.message == "2 of 3 images, 1 failed"
        assert str(job.error) == "Step b: The picture was refused; change its prompt."
        assert set(job.result["results"]) == {"a", "c"}

    def test_a_job_with_a_failed_step_keeps_the_share_that_it_reached(self):
        job = run(step("a"), step("b", "Fails"), step("c"))
        assert (job.status, job.progress, job.current_step) == ("failed", 66, 2)
        JobStep.objects.filter(key="b").update(handler="jobs.tests.handlers.Waits")
        retried = services.retry(job)
        assert (retried.status, retried.progress) == ("pending", 66)
        assert runner.run_here(job.pk).progress == 100

    def test_a_job_that_failed_altogether_has_reached_nothing(self):
        assert run(step("a", "Fails"), step("b", "Fails")).progress == 0

    def test_a_job_of_whose_steps_one_was_dropped_is_completed_and_has_all_done(self):
        job = run(step("a"), step("b", "Drops"))
        assert (job.status, job.progress, job.current_step) == ("completed", 100, 1)

    def test_a_job_that_is_halted_keeps_the_share_that_it_reached(self):
        job = start(step("a"), step("b", params={"seconds": 60}))
        runner.run_slice(job.pk, threads=1)
        services.halt_all("Restored from a backup.")
        job.refresh_from_db()
        assert (job.status, job.progress) == ("failed", 50)

    def test_a_job_without_steps_is_completed_at_once(self):
        job = start()
        assert (job.status, job.progress, job.message) == ("completed", 100, "Nothing left to do.")

    def test_a_bug_in_a_handler_fails_its_step_alone_and_tells_no_internals(self):
        job = run(step("a", "Breaks"), step("b"))
        assert job.status == "failed"
        assert job.steps.get(key="b").status == "completed"
        assert str(job.steps.get(key="a").error) == "An internal error (KeyError); the log has the details."

    def test_a_step_waits_for_another_and_fails_with_it(self):
        job = run(step("picture", "Fails"), step("clip", after="picture"), step("song"))
        clip = job.steps.get(key="clip")
        assert clip.status == "failed"
        assert str(clip.error) == "Not started, since this was not done: Step picture."
        assert job.steps.get(key="song").status == "completed"


class TestPassingErrors:
    def test_what_fails_in_passing_is_tried_again(self):
        job = run(step("a", "Stumbles", params={"times": 3}))
        assert job.status == "completed"
        assert job.steps.get().attempts == 3

    def test_but_not_for_ever(self):
        job = run(step("a", "Stumbles", params={"times": 99}))
        assert job.status == "failed"
        assert job.steps.get().attempts == runner.MOST_ATTEMPTS
        assert "The provider is out of breath." in str(job.error)

    def test_being_asked_to_wait_is_no_failed_attempt(self):
        job = run(step("a", "Stumbles", params={"times": 20, "counts": False}))
        assert job.status == "completed"
        assert job.steps.get().attempts == 0


class TestClaims:
    def test_a_second_job_takes_what_is_left(self):
        start(step("a", claim="image:1"), step("b", claim="image:2"))
        second = start(step("b", claim="image:2"), step("c", claim="image:3"))
        assert [s.key for s in second.steps.all()] == ["c"]

    def test_and_is_told_of_the_first_when_nothing_is_left(self):
        first = start(step("a", claim="image:1"))
        with pytest.raises(Busy) as busy:
            start(step("a", claim="image:1"))
        assert busy.value.job == first
        assert Job.objects.count() == 1

    def test_a_claim_ends_with_its_step(self):
        run(step("a", claim="image:1"))
        assert run(step("a", claim="image:1")).status == "completed"

    def test_who_waits_for_a_claimed_step_waits_for_the_other_job(self):
        first = start(step("picture", claim="image:1"))
        second = start(step("picture", claim="image:1"), step("clip", after="picture"))
        assert second.steps.get().waits_for == first.steps.get()


class TestCancelAndRetry:
    def test_a_job_that_has_not_begun_is_cancelled_at_once(self):
        job = services.cancel(start(step("a"), step("b")))
        assert job.status == "cancelled"
        assert set(job.steps.values_list("status", flat=True)) == {"cancelled"}

    def test_what_is_in_flight_is_cancelled_by_the_next_slice(self):
        job = start(step("a", params={"seconds": 60}))
        runner.run_slice(job.pk, threads=1)
        assert services.cancel(job).status == "running"
        assert runner.run_here(job.pk).status == "cancelled"

    def test_a_cancelled_job_keeps_the_share_that_it_reached(self):
        job = start(step("a"), step("b", params={"seconds": 60}), step("c", params={"seconds": 60}))
        runner.run_slice(job.pk, threads=1)
        assert (services.cancel(job).progress, runner.run_here(job.pk).progress) == (33, 33)

    def test_an_ended_job_is_not_cancelled(self):
        with pytest.raises(NotPossible, match="ended already"):
            services.cancel(run(step("a")))

    def test_retry_runs_only_what_failed(self):
        job = run(step("a"), step("b", "Fails"))
        JobStep.objects.filter(key="b").update(handler="jobs.tests.handlers.Waits")
        done = job.steps.get(key="a").completed_at
        job = runner.run_here(services.retry(job).pk)
        assert (job.status, job.message, job.error) == ("completed", "2 of 2 steps", None)
        assert job.steps.get(key="a").completed_at == done

    def test_a_retried_step_no_longer_waits_for_another_jobs(self):
        first = start(step("picture", "Fails", claim="image:1"))
        second = start(step("picture", claim="image:1"), step("clip", after="picture"))
        runner.run_here(first.pk)
        assert runner.run_here(second.pk).status == "failed"
        assert runner.run_here(services.retry(second).pk).status == "completed"

    def test_a_completed_job_has_nothing_to_retry(self):
        with pytest.raises(NotPossible, match="nothing to retry"):
            services.retry(run(step("a")))


class TestLease:
    def test_a_job_has_one_owner(self):
        job = start(step("a"))
        assert lease.acquire(job.pk) == 1
        assert lease.acquire(job.pk) is None

    def test_a_dead_owner_is_replaced_and_can_write_no_more(self):
        job = start(step("a"))
        first = lease.acquire(job.pk)
        Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert lease.acquire(job.pk) == first + 1
        with pytest.raises(LeaseLost):
            StepRun(job.steps.get(), first).save(external_id="paid")
        assert job.steps.get().external_id == ""

    def test_a_message_that_came_while_the_job_was_owned_is_made_up_for(self):
        job = start(step("a"))
        token = lease.acquire(job.pk)
        waker.send(job.pk)
        runner.run_slice(job.pk)
        assert job not in waker.needing_a_runner()
        lease.release(job.pk, token)
        assert job in waker.needing_a_runner()

    def test_a_doubled_message_does_nothing(self):
        job = start(step("a"))
        runner.run_here(job.pk)
        runner.run_slice(job.pk, threads=1)
        assert job.steps.get().status == "completed"

    def test_a_job_that_its_runners_die_of_is_parked(self):
        job = start(step("a"))
        for _ in range(lease.MOST_DEATHS):
            lease.acquire(job.pk)
            Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        runner.run_slice(job.pk, threads=1)
        job.refresh_from_db()
        assert job.status == "failed"
        assert "died 3 times" in str(job.error)


class TestSlots:
    @pytest.fixture(autouse=True)
    def _two_places(self, settings):
        settings.JOB_SLOTS = {"replicate": 2}

    def in_flight(self, job):
        return job.steps.filter(holds_slot=True).count()

    def test_no_more_steps_than_places_are_in_flight(self):
        job = start(*(step(str(n), slot="replicate", params={"seconds": 60}) for n in range(5)))
        runner.run_slice(job.pk, threads=1)
        assert self.in_flight(job) == 2

    def test_two_jobs_share_the_places(self):
        jobs = [
            start(*(step(str(n), slot="replicate", params={"seconds": 60}) for n in range(5))) for _ in "ab"
        ]
        for job in jobs:
            runner.run_slice(job.pk, threads=1)
        assert [self.in_flight(job) for job in jobs] == [1, 1]

    def test_all_get_their_turn(self):
        job = run(*(step(str(n), slot="replicate") for n in range(5)))
        assert job.status == "completed"
        assert self.in_flight(job) == 0

    def test_a_job_that_waits_for_a_time_keeps_no_place_from_others(self, settings):
        settings.JOB_SLOTS = {"replicate": 1}
        waiting = start(step("a", slot="replicate"))
        waiting.steps.update(due_at=timezone.now() + timedelta(minutes=1))
        assert run(step("b", slot="replicate")).status == "completed"

    def test_newcomers_do_not_keep_an_old_job_from_its_turn(self, settings):
        settings.JOB_SLOTS = {"replicate": 1}
        old, *newcomers = [start(step("a", slot="replicate")) for _ in range(4)]
        for job in newcomers:
            runner.run_slice(job.pk, threads=1)
        assert not JobStep.objects.exclude(status="pending").exists()
        runner.run_slice(old.pk, threads=1)
        assert old.steps.get().status == "completed"

    def test_a_shorter_pause_does_not_shorten_a_longer_one(self):
        run(step("a", slot="replicate"))
        slots.pause("replicate", 300)
        longer = slots.paused_until("replicate")
        slots.pause("replicate", 1)
        assert slots.paused_until("replicate") == longer

    def test_during_a_pause_nothing_begins(self):
        run(step("a", slot="replicate"))
        slots.pause("replicate", 300)
        job = start(step("b", slot="replicate"), step("c", slot="replicate"))
        job.steps.filter(key="c").update(holds_slot=True)
        runner.run_slice(job.pk, threads=1)
        assert not job.steps.exclude(status="pending").exists()


class TestCleanup:
    def test_deletes_what_ended_long_ago_and_nothing_that_is_active(self):
        old, young = run(step("a")), run(step("b"))
        active = start(step("c"))
        long_ago = timezone.now() - timedelta(days=8)
        Job.objects.filter(pk__in=[old.pk, active.pk]).update(completed_at=long_ago, created_at=long_ago)
        assert services.cleanup(7) == 1
        assert set(Job.objects.all()) == {young, active}


class TestFaults:
    def test_what_can_not_be_written_fails_its_step_instead_of_being_tried_for_ever(self):
        job = run(step("a", "CommitsNonsense"))
        assert job.status == "failed"
        assert "internal error (ValueError)" in str(job.error)

    def test_a_provider_that_asks_for_a_century_is_asked_again_within_the_hour(self):
        job = start(step("a", "Stumbles", params={"times": 1, "retry_after": 1e30}))
        runner.run_slice(job.pk, threads=1)
        due = job.steps.get().due_at
        assert timedelta(minutes=59) < due - timezone.now() < timedelta(minutes=61)


class TestCancelDuringAStep:
    def test_steps_that_come_after_a_cancel_are_never_begun(self):
        job = run(step("ideas", "CancelsThenAdds"))
        assert job.status == "cancelled"
        assert dict(job.steps.values_list("key", "status")) == {"ideas": "completed", "more": "cancelled"}

    def test_a_job_of_which_nothing_is_left_to_do_is_not_completed(self):
        assert run(step("a", "Drops")).status == "cancelled"
