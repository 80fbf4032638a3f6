"""The worker's clock is set, back and forth by an hour and a day, while pictures are drawn: nothing waits for it."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.stack import Stack
from tests.test_journey import fetch, is_picture

CARDS, SECONDS = 10, 60
HOUR, DAY = 3600, 86400


@pytest.fixture
def clock(tmp_path):
    """Shifts the clock of processes that have the environment `env`: `set(seconds)`."""
    library, told = tmp_path / "shifted_clock.so", tmp_path / "clock"
    source = Path(__file__).with_name("shifted_clock.c")
    subprocess.run([shutil.which("gcc"), "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)

    class Clock:
        env = {"LD_PRELOAD": str(library), "SHIFTED_CLOCK": str(told)}

        @staticmethod
        def set(seconds):
            written = told.with_suffix(".new")
            written.write_text(str(seconds))
            written.rename(told)

    Clock.set(0)
    return Clock


@pytest.fixture
def stack(tmp_path, sandbox):
    stack = Stack(tmp_path, REPLICATE_SETTLE_SECONDS="2")
    stack.use(sandbox)
    stack.start_web()
    yield stack
    stack.stop()


@pytest.mark.slow
def test_steps_of_the_clock_keep_no_picture_waiting_and_buy_none_twice(stack, sandbox, clock):
    sandbox.settings(latency={"image": 2.0})
    stack.env |= clock.env
    stack.start_worker()
    for number, shift in enumerate([-HOUR, 0, HOUR, 0, -DAY, DAY, -DAY, 0]):
        slug = f"round-{number}"
        stack.api.post("/api/universes", json={"name": slug, "slug": slug}).raise_for_status()
        for n in range(CARDS):
            stack.api.post(f"/api/universes/{slug}/assets", json={"display_name": f"{slug} cat {n}"})
        before = sandbox.counters()["created"]
        sandbox.settings(lose_answers=number % 2)
        job = stack.api.post(f"/api/generate/{slug}/images").json()
        stack.until(lambda: sandbox.counters()["created"] > before + 2)  # noqa: B023
        began = time.monotonic()
        clock.set(shift)
        job = stack.ended_job(job["id"])
        assert (job["status"], job["message"]) == ("completed", f"{CARDS} of {CARDS} images"), (
            shift,
            job["error"],
        )
        assert time.monotonic() - began < SECONDS, shift
        assert sandbox.counters()["created"] - before == CARDS, shift
        for card in stack.api.get(f"/api/universes/{slug}/assets").json():
            assert is_picture(fetch(stack, card["image_url"])), shift
