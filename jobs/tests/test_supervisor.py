"""The worker as a process: what it does when it, or what is below it, is stopped or killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.stack import ROOT, Stack, descendants, kill_tree

START = """__import__("jobs.services", fromlist=["x"]).start("test", "winter", [
    __import__("jobs.services", fromlist=["x"]).Step(
        key=str(n), label=str(n), handler="jobs.tests.handlers.{handler}", params={params})
    for n in range({number})]).pk.hex"""
JOB = """(lambda j: {{
    "status": j.status, "message": j.message, "error": j.error and str(j.error), "progress": j.progress}})(
    __import__("jobs.models", fromlist=["x"]).Job.objects.get(pk="{job}"))"""

LASTED = """(lambda j: (j.completed_at - j.created_at).total_seconds())(
    __import__("jobs.models", fromlist=["x"]).Job.objects.get(pk="{job}"))"""

ALIVE = """__import__("jobs.models", fromlist=["x"]).Worker.alive().count()"""

# Seconds between two looks, on a machine that goes on.
LONGEST_LOOK = 0.5


@pytest.fixture
def stack(tmp_path):
    stack = Stack(tmp_path)
    yield stack
    stack.stop()


def start(stack, handler="Waits", number=3, **params):
    return stack.query(START.format(handler=handler, number=number, params=params))


def ended(stack, job):
    def look():
        found = stack.query(JOB.format(job=job))
        return found if found["status"] not in ("pending", "running") else None

    return stack.until(look)


def test_a_job_that_was_started_while_no_worker_ran_is_done_by_the_next(stack):
    job = start(stack)
    stack.start_worker()
    assert ended(stack, job) == {
        "status": "completed",
        "message": "3 of 3 steps",
        "error": None,
        "progress": 100,
    }


@pytest.mark.parametrize(
    ("number", "to_group"),
    [
        (signal.SIGTERM, True),
        pytest.param(signal.SIGTERM, False, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, True, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, False, marks=pytest.mark.slow),
    ],
)
def test_a_stop_ends_within_ten_seconds_and_leaves_no_process(stack, number, to_group):
    worker = stack.start_worker()
    below = all_below(stack, worker)
    start(stack, number=20, seconds=1)
    (os.killpg if to_group else os.kill)(worker.pid, number)
    assert seconds_until(stack, lambda: worker.poll() is not None) < 10
    assert worker.returncode == 0
    stack.until(lambda: not any(alive(pid) for pid in below))


def seconds_until(stack, condition):
    """How long a condition takes to hold; a moment in which the whole machine stood still counts as a short one."""
    spent, looked = 0, time.monotonic()

    def look():
        nonlocal spent, looked
        before, looked = looked, time.monotonic()
        spent += min(looked - before, LONGEST_LOOK)
        return condition()

    stack.until(look)
    return spent


@pytest.mark.slow
def test_a_worker_has_a_heartbeat_until_it_stops(stack):
    worker = stack.start_worker()
    stack.until(lambda: stack.query(ALIVE) == 1)
    worker.terminate()
    worker.wait()
    assert stack.query(ALIVE) == 0


@pytest.mark.slow
def test_a_worker_waits_until_another_process_has_migrated(stack):
    stack.manage("migrate", "sessions", "zero")
    worker = stack.start("manage.py", "qcluster")
    assert "waiting for: manage.py migrate" in worker.stdout.readline()
    stack.manage("migrate")
    assert worker.stdout.readline().startswith("Started")


@pytest.mark.slow
def test_a_worker_killed_with_its_whole_tree_is_followed_by_one_that_finishes(stack):
    worker = stack.start_worker()
    job = start(stack, number=6, seconds=3)
    kill_tree(worker)
    stack.start_worker()
    assert ended(stack, job)["message"] == "6 of 6 steps"


@pytest.mark.slow
def test_when_only_the_supervisor_is_killed_its_cluster_ends_by_itself(stack):
    worker = stack.start_worker()
    below = all_below(stack, worker)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert seconds_until(stack, lambda: not any(alive(pid) for pid in below)) < 15


@pytest.mark.slow
def test_a_cluster_whose_supervisor_died_while_starting_it_ends_by_itself(stack):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    reader, writer = os.pipe()
    os.close(writer)
    cluster = subprocess.Popen(
        [sys.executable, "manage.py", "qcluster", "--only-cluster"],
        cwd=ROOT,
        env={**stack.env, "MAGIKSWIPE_STOP_FD": str(reader), "MAGIKSWIPE_SUPERVISOR": str(gone.pid)},
        pass_fds=[reader],
        start_new_session=True,
    )
    os.close(reader)
    try:
        cluster.wait(60)
    finally:
        kill_tree(cluster)


@pytest.mark.slow
def test_a_cluster_that_dies_is_replaced(stack):
    worker = stack.start_worker()
    cluster = descendants(worker.pid)[0]
    os.kill(cluster, signal.SIGKILL)
    assert ended(stack, start(stack))["status"] == "completed"
    stack.until(lambda: cluster not in descendants(worker.pid))


@pytest.mark.slow
def test_a_cluster_that_takes_no_work_is_replaced_within_thirty_seconds(stack):
    worker = stack.start_worker()
    for pid in all_below(stack, worker):
        os.kill(pid, signal.SIGSTOP)
    job = start(stack)
    assert ended(stack, job)["status"] == "completed"
    # As the job itself says: each look at it takes seconds on a busy machine.
    assert stack.query(LASTED.format(job=job)) < 35


@pytest.mark.slow
def test_a_job_that_kills_its_runner_three_times_is_parked(stack):
    stack.start_worker()
    killer, other = start(stack, "Kills", number=1), start(stack)
    assert ended(stack, other)["status"] == "completed"
    assert "died 3 times" in ended(stack, killer)["error"]


def all_below(stack, worker):
    """The cluster, its sentinel, pusher, monitor and workers."""
    expected = 4 + int(stack.env["WORKERS"])
    return stack.until(lambda: found if len(found := descendants(worker.pid)) >= expected else None)


def alive(pid):
    """Whether a process runs; one that ended and was not yet asked how (a zombie) does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        # The second when it is gone between opening and reading.
        return False
