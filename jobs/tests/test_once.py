"""Starts that carry an idempotency key: whoever sends one again gets the job that it was answered with."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from api.idempotency import KeyRefused
from jobs import runner, services
from jobs.errors import NotPossible
from jobs.models import Job
from universes.services import copies, universes

from .handlers import start, step

pytestmark = pytest.mark.django_db


def test_a_second_start_with_the_same_key_is_answered_with_the_first_ones_job():
    first = start(step("a", claim="a"), once="click")
    assert start(step("a", claim="a"), once="click") == first
    runner.run_here(first.pk)
    again = start(step("a", claim="a"), once="click")
    assert (again.pk, again.status) == (first.pk, "completed")
    assert Job.objects.count() == 1


@pytest.mark.parametrize("once", ["", "another click"])
def test_a_start_without_a_key_or_with_another_is_a_start(once):
    assert start(step("a"), once="click") != start(step("a"), once=once)


def test_a_cancelled_job_stays_the_answer():
    job = services.cancel(start(step("a"), once="click"))
    assert start(step("a"), once="click").status == job.status == "cancelled"


def test_a_key_goes_with_its_job():
    start(step("a"), once="click").delete()
    assert start(step("a"), once="click").status == "pending"


def test_a_key_that_was_used_for_something_else_is_refused():
    start(step("a"), once="click")
    with pytest.raises(KeyRefused, match="used for something else"):
        services.start("generate_videos", "winter", [step("a")], once="click")


def test_a_key_that_a_copy_has_is_refused_until_the_copy_is_gone(universe):
    copy = copies.duplicate(universe, once="click")
    with pytest.raises(KeyRefused, match="used for something else"):
        start(step("a"), once="click")
    universes.delete(copy)
    assert start(step("a"), once="click").status == "pending"


@pytest.mark.parametrize("once", ["x" * 65, "a\0b"])
def test_a_key_that_no_column_takes_is_refused(once):
    with pytest.raises(KeyRefused, match="at most 64 characters"):
        start(step("a"), once=once)


def test_what_keeps_a_job_from_starting_leaves_its_key_free():
    def too_expensive(steps):
        raise NotPossible("Too expensive.")

    with pytest.raises(NotPossible, match="Too expensive"):
        start(step("a"), once="click", estimate=too_expensive)
    assert start(step("a"), once="click").status == "pending"


def test_another_job_that_was_the_answer_stays_it():
    running = start(step("a", claim="a"))
    assert services.answer("click", "generate_images", "winter", running) == running
    runner.run_here(running.pk)
    assert start(step("a", claim="a"), once="click") == running


def test_what_a_job_leaves_out_stands_in_its_message():
    job = runner.run_here(start(step("a"), unit="clips", left_out="2 clips need a picture first.").pk)
    assert job.message == "1 of 1 clips. 2 clips need a picture first."


@pytest.mark.django_db(transaction=True)
def test_starts_with_one_key_at_the_same_moment_make_one_job():
    together = threading.Barrier(4, timeout=60)

    def click(number):
        together.wait()
        try:
            # Without a claim nothing but the key holds them together.
            return start(step("a"), once="click").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(click, range(4)))) == 1
    assert Job.objects.count() == 1
