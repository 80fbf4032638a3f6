"""Kill -9 at random moments, over and over: nothing is lost, nothing is bought twice."""

import os
import random
import signal

import pytest

from tests.stack import descendants, kill_tree
from tests.test_journey import fetch, is_picture

ROUNDS = 20
CARDS = 6


def make_universe(stack, slug):
    stack.api.post("/api/universes", json={"name": slug, "slug": slug}).raise_for_status()
    for n in range(CARDS):
        stack.api.post(f"/api/universes/{slug}/assets", json={"display_name": f"{slug} cat {n}"})


def kill_something(stack, worker, choice):
    """The worker with all below it, its supervisor alone, its cluster, or one process of that."""
    if choice == "tree":
        kill_tree(worker)
    elif choice == "supervisor":
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    else:
        below = descendants(worker.pid)
        os.kill(below[0] if choice == "cluster" else random.choice(below[1:]), signal.SIGKILL)


@pytest.mark.slow
def test_twenty_kills_lose_nothing_and_buy_nothing_twice(stack, sandbox):
    sandbox.settings(latency={"image": 1.0})
    random.seed(20)
    worker = stack.start_worker()
    for number in range(ROUNDS):
        slug = f"round-{number}"
        make_universe(stack, slug)
        sandbox.settings(lose_answers=2 if number % 2 else 0)
        before = sandbox.counters()["created"]
        job = stack.api.post(f"/api/generate/{slug}/images").json()
        stack.until(lambda: stack.api.get(f"/api/jobs/{job['id']}").json()["started_at"])  # noqa: B023
        choice = random.choice(["tree", "supervisor", "cluster", "process"])
        # The moment is the point here: anywhere between the first create and the last save.
        stack.pause(random.uniform(0, 1.6))
        kill_something(stack, worker, choice)
        if worker.poll() is not None:
            worker = stack.start_worker()
        job = stack.ended_job(job["id"])
        assert (job["status"], job["message"]) == ("completed", f"{CARDS} of {CARDS} images"), (choice, job)
        assert sandbox.counters()["created"] - before == CARDS, choice
        for card in stack.api.get(f"/api/universes/{slug}/assets").json():
            assert is_picture(fetch(stack, card["image_url"])), choice
        assert {step["status"] for step in job["steps"]} == {"completed"}


@pytest.mark.slow
def test_killing_the_web_server_does_nothing_to_a_job(stack, sandbox):
    sandbox.settings(latency={"image": 2.0})
    stack.start_worker()
    make_universe(stack, "calm")
    job = stack.api.post("/api/generate/calm/images").json()
    kill_tree(stack.processes[0])
    stack.start_web()
    assert stack.ended_job(job["id"])["message"] == f"{CARDS} of {CARDS} images"
    assert sandbox.counters()["created"] == CARDS
