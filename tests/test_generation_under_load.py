"""Generation with real processes when much happens at once, or the provider is in a bad mood."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.stack import descendants

MB = 2**20


def make_universe(stack, slug, cards):
    stack.api.post("/api/universes", json={"name": slug, "slug": slug}).raise_for_status()
    for n in range(cards):
        stack.api.post(f"/api/universes/{slug}/assets", json={"display_name": f"{slug} cat {n}"})


def draw(stack, slug):
    answer = stack.api.post(f"/api/generate/{slug}/images")
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


@pytest.mark.slow
def test_eight_equal_calls_at_once_make_one_job(stack, sandbox):
    make_universe(stack, "winter", 6)
    with ThreadPoolExecutor(8) as pool:
        jobs = set(pool.map(lambda _: draw(stack, "winter"), range(8)))
    assert len(jobs) == 1
    stack.start_worker()
    assert stack.ended_job(jobs.pop())["message"] == "6 of 6 images"
    assert sandbox.counters()["created"] == 6


@pytest.mark.slow
def test_of_a_fifth_that_fails_the_rest_is_kept_and_retry_buys_exactly_the_failed(stack, sandbox):
    make_universe(stack, "winter", 10)
    sandbox.settings(fail_next=2)
    stack.start_worker()
    job = stack.ended_job(draw(stack, "winter"))
    assert (job["status"], job["message"]) == ("failed", "8 of 10 images, 2 failed")
    assert sandbox.counters()["created"] == 10
    assert sum(bool(card["image_url"]) for card in stack.api.get("/api/universes/winter/assets").json()) == 8

    again = stack.api.post(f"/api/jobs/{job['id']}/retry").json()
    assert again["id"] == job["id"]
    job = stack.ended_job(job["id"])
    assert (job["status"], job["message"], job["error"]) == ("completed", "10 of 10 images", None)
    assert sandbox.counters()["created"] == 12


@pytest.mark.slow
def test_a_small_job_behind_a_large_one_ends_first(stack, sandbox):
    make_universe(stack, "many", 30)
    make_universe(stack, "one", 1)
    stack.start_worker()
    many, one = draw(stack, "many"), draw(stack, "one")
    one, many = stack.ended_job(one), stack.ended_job(many)
    assert one["completed_at"] < many["completed_at"]
    assert many["message"] == "30 of 30 images"
    assert sandbox.counters()["max_running_at_once"] <= 8


@pytest.mark.slow
def test_ten_jobs_progress_together(stack, sandbox):
    sandbox.settings(latency={"image": 1.0})
    for n in range(10):
        make_universe(stack, f"u{n}", 10)
    jobs = [draw(stack, f"u{n}") for n in range(10)]
    stack.start_worker()

    def all_begun():
        seen = [stack.api.get(f"/api/jobs/{job}").json() for job in jobs]
        assert not any(job["completed_at"] for job in seen), "one ended before all had begun"
        return all(job["current_step"] for job in seen)

    stack.until(all_begun)
    assert {stack.ended_job(job)["message"] for job in jobs} == {"10 of 10 images"}
    counters = sandbox.counters()
    assert (counters["created"], counters["max_running_at_once"] <= 8) == (100, True)


@pytest.mark.slow
def test_a_provider_that_throttles_is_asked_no_sooner_than_it_says(stack, sandbox):
    make_universe(stack, "winter", 12)
    sandbox.settings(throttle={"per_second": 1, "burst": 1, "retry_after": 1})
    stack.start_worker()
    assert stack.ended_job(draw(stack, "winter"))["message"] == "12 of 12 images"
    counters = sandbox.counters()
    assert counters["created"] == 12
    # Those that were under way before the first refusal could not know.
    assert counters["creates_too_soon"] <= 7
    assert counters["throttled"] <= 12 + 7


@pytest.mark.slow
def test_whichever_fail_at_random_are_what_a_retry_buys(stack, sandbox):
    make_universe(stack, "winter", 30)
    sandbox.settings(failure_rate=0.2, latency={"image": 0.1})
    stack.start_worker()
    job = stack.ended_job(draw(stack, "winter"))
    failed = sum(one["status"] == "failed" for one in sandbox.predictions())
    assert 0 < failed < 30
    assert job["message"] == f"{30 - failed} of 30 images, {failed} failed"

    sandbox.settings(failure_rate=0)
    stack.api.post(f"/api/jobs/{job['id']}/retry").raise_for_status()
    assert stack.ended_job(job["id"])["message"] == "30 of 30 images"
    assert sandbox.counters()["created"] == 30 + failed


@pytest.mark.slow
def test_a_clip_of_300_mb_is_never_in_memory_as_a_whole(stack, sandbox):
    make_universe(stack, "winter", 1)
    worker = stack.start_worker()
    stack.ended_job(draw(stack, "winter"))
    sandbox.settings(pad_video_to=300 * MB)
    job = stack.api.post("/api/generate/winter/videos").json()["id"]
    assert stack.ended_job(job)["message"] == "1 of 1 videos"
    assert all(peak_memory(pid) < 200 * MB for pid in [worker.pid, *descendants(worker.pid)])


def peak_memory(pid):
    """Bytes of memory that a process held at most: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html"""
    (line,) = [
        one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmHWM:")
    ]
    return int(line.split()[1]) * 1024


@pytest.mark.slow
@pytest.mark.servers
def test_a_cancel_reaches_the_provider_while_it_draws(stack, sandbox):
    sandbox.settings(latency={"image": 600})
    make_universe(stack, "winter", 4)
    stack.start_worker()
    job = draw(stack, "winter")
    stack.until(lambda: sandbox.counters()["created"] == 4)
    assert stack.api.post(f"/api/jobs/{job}/cancel").status_code == 200
    assert len(sandbox.predictions()) == 4
    stack.until(lambda: {p["status"] for p in sandbox.predictions()} <= {"canceled", "aborted"})
    assert stack.ended_job(job)["status"] == "cancelled"
