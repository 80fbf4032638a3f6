"""How much longer than the provider itself a generation takes: `python -m bench.generation`.

Starts web server, worker and sandbox on a folder of their own, and prints a line per figure with its bound.
"""

import statistics
import sys
import tempfile
import time
from datetime import datetime
from math import ceil
from pathlib import Path

from tests.sandbox_plugin import start_sandbox, stop_sandbox
from tests.stack import Stack

LATENCY = 2.0
ROUNDS = 3


def main():
    with tempfile.TemporaryDirectory() as folder:
        sandbox = start_sandbox(Path(folder) / "sandbox")
        sandbox.settings(latency={"image": LATENCY})
        try:
            good = [
                pictures(folder, sandbox, 12, concurrency=12, bound=1.5),
                pictures(folder, sandbox, 50, concurrency=8, bound=1.2),
                fairness(folder, sandbox),
                pick_up(folder, sandbox),
            ]
        finally:
            stop_sandbox(sandbox)
    return 0 if all(good) else 1


def running(folder, sandbox, concurrency):
    stack = Stack(tempfile.mkdtemp(dir=folder), REPLICATE_CONCURRENCY=str(concurrency), WORKERS="4")
    stack.use(sandbox)
    stack.start_worker()
    stack.start_web()
    return stack


def make_cards(stack, slug, number):
    stack.api.post("/api/universes", json={"name": slug, "slug": slug}).raise_for_status()
    for n in range(number):
        stack.api.post(f"/api/universes/{slug}/assets", json={"display_name": f"cat {n}"}).raise_for_status()


def draw(stack, slug):
    """Seconds from the call to the job's end, as the job itself says."""
    answer = stack.api.post(f"/api/generate/{slug}/images", json={"regenerate": True})
    job = stack.ended_job(answer.raise_for_status().json()["id"])
    assert job["status"] == "completed", job
    return seconds_between(job["created_at"], job["completed_at"])


def seconds_between(start, end):
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def pictures(folder, sandbox, number, concurrency, bound):
    stack = running(folder, sandbox, concurrency)
    try:
        make_cards(stack, "cards", number)
        taken = min(draw(stack, "cards") for _ in range(ROUNDS + 1))
    finally:
        stack.stop()
    ideal = ceil(number / concurrency) * LATENCY
    what = f"{number} images, concurrency {concurrency}"
    return report(what, taken / ideal, bound, f"{taken:.2f} s of {ideal:.1f} s")


def fairness(folder, sandbox):
    """A job of one picture that starts behind one of fifty must end before it."""
    stack = running(folder, sandbox, 8)
    try:
        make_cards(stack, "many", 50)
        make_cards(stack, "one", 1)
        many = stack.api.post("/api/generate/many/images").json()
        one = stack.api.post("/api/generate/one/images").json()
        many, one = stack.ended_job(many["id"]), stack.ended_job(one["id"])
    finally:
        stack.stop()
    times = [seconds_between(job["created_at"], job["completed_at"]) for job in (one, many)]
    return report("1 image behind 50", times[0] / times[1], 1, f"{times[0]:.2f} s against {times[1]:.2f} s")


def pick_up(folder, sandbox):
    """From the call to the first look, with an idle worker."""
    stack = running(folder, sandbox, 8)
    waits = []
    try:
        make_cards(stack, "cards", 1)
        for _ in range(30):
            answer = stack.api.post("/api/generate/cards/images", json={"regenerate": True}).json()
            job = stack.ended_job(answer["id"])
            waits.append(seconds_between(job["created_at"], job["started_at"]))
            time.sleep(0.1)
    finally:
        stack.stop()
    p95 = statistics.quantiles(waits, n=20)[-1]
    return report("pick-up p95", p95, 0.15, f"median {statistics.median(waits):.3f} s")


def report(what, figure, bound, details):
    print(f"{what:32} {figure:6.2f}  (at most {bound})  {details}", flush=True)
    return figure <= bound


if __name__ == "__main__":
    sys.exit(main())
