"""How a job's steps are run, in this process."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs import lease, runner, services
from jobs.errors import Busy, NotPossible
from jobs.models import Job, JobStep

from .handlers import run, start, step

pytestmark = pytest.mark.django_db


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


class TestMessages:
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
