"""SPEND_LIMIT_MONTHLY with the whole product: web server, worker, many jobs at once, and kill -9."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stack import Stack, kill_tree

UNIVERSES, CARDS = 5, 10
# A picture costs 0.04.
LIMIT, PAID_FOR = "0.22", 5
CHARGES = """[[c.status, float(c.amount)]
    for c in __import__("generation.models", fromlist=["x"]).Charge.objects.all()]"""


@pytest.fixture
def stack(tmp_path, sandbox):
    stack = Stack(tmp_path, SPEND_LIMIT_MONTHLY=LIMIT)
    stack.use(sandbox)
    stack.start_web()
    for number in range(UNIVERSES):
        make_universe(stack, f"winter-{number}")
    yield stack
    stack.stop()


def make_universe(stack, slug):
    stack.api.post("/api/universes", json={"name": slug, "slug": slug}).raise_for_status()
    concepts = {"concepts": [f"{slug} cat {number}" for number in range(CARDS)]}
    stack.api.post(f"/api/generate/{slug}/concepts/apply", json=concepts).raise_for_status()


def ask_for_all(stack):
    """Ask for the pictures of all universes at once; the answers."""
    with ThreadPoolExecutor(UNIVERSES) as pool:
        paths = [f"/api/generate/winter-{number}/images" for number in range(UNIVERSES)]
        return list(pool.map(stack.api.post, paths))


def check_what_was_bought(stack, sandbox, answers):
    started = [answer.json()["id"] for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code != 200]
    ended = [stack.ended_job(job_id) for job_id in started]
    assert all(answer.status_code == 409 for answer in refused)
    reasons = [job["error"] for job in ended] + [answer.json()["detail"] for answer in refused]
    assert all("SPEND_LIMIT_MONTHLY is 0.22 USD" in reason for reason in reasons)
    assert {job["status"] for job in ended} == {"failed"}
    assert sum(job["current_step"] for job in ended) == PAID_FOR
    assert sandbox.counters()["created"] == PAID_FOR
    assert stack.query(CHARGES) == [["spent", 0.04]] * PAID_FOR
    books = stack.api.get("/api/generate/costs").json()
    assert (books["limit"], books["spent"], books["reserved"]) == (0.22, 0.2, 0)


@pytest.mark.servers
@pytest.mark.slow
def test_fifty_pictures_asked_for_at_once_buy_the_five_that_the_limit_pays_for(stack, sandbox):
    sandbox.settings(latency={"image": 0.5})
    stack.start_worker()
    check_what_was_bought(stack, sandbox, ask_for_all(stack))


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.parametrize("lost_answers", [0, 3])
def test_a_worker_killed_while_it_buys_neither_loses_nor_doubles_a_reservation(stack, sandbox, lost_answers):
    sandbox.settings(latency={"image": 2}, lose_answers=lost_answers)
    worker = stack.start_worker()
    answers = ask_for_all(stack)
    stack.until(lambda: sandbox.counters()["created"] >= 2)
    kill_tree(worker)
    stack.start_worker()
    check_what_was_bought(stack, sandbox, answers)
