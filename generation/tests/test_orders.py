"""Orders that were not answered, or late: each is found again, none is made twice, and none is forgotten."""

import json
from collections import Counter
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.utils import timezone

from generation import provider as replicate
from generation.models import Charge
from generation.tests.helpers import look, run_out
from jobs import runner
from jobs import services as jobs
from jobs.models import Job, JobStep
from jobs.runner import run_slice
from universes.services import universes

pytestmark = pytest.mark.django_db(transaction=True)
LOST = {"match": "POST /v1/predictions$", "action": "drop", "times": 1}


@pytest.fixture
def job(cards, post):
    """A job of one picture."""
    return Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])


def arrive_late(step):
    """What happens at Replicate when an order is carried out after we gave up on it."""
    return replicate.create(step.memory["model"], step.memory["input"])["id"]


def test_an_order_that_may_still_arrive_is_not_made_again(provider, job, settings):
    settings.REPLICATE_SETTLE_SECONDS = 60
    provider.settings(request_faults=[LOST])
    look(job)
    step = look(job)
    assert (step.status, step.attempts, step.external_id) == ("running", 1, "")
    assert provider.counters()["created"] == 0
    late = arrive_late(step)
    assert look(job).external_id == late
    assert run_out(job.pk).status == "completed"
    assert provider.counters()["created"] == 1


def test_an_order_that_did_not_arrive_in_time_is_made_again_and_then_waited_for_anew(provider, job, settings):
    settings.REPLICATE_SETTLE_SECONDS = 60
    provider.settings(request_faults=[{**LOST, "times": 2}])
    look(job)
    settings.REPLICATE_SETTLE_SECONDS = 0
    look(job)
    settings.REPLICATE_SETTLE_SECONDS = 60
    late = arrive_late(look(job))
    assert look(job).external_id == late
    assert provider.counters()["by_path"]["POST /v1/predictions"] == 3


def test_an_order_that_may_still_arrive_is_cancelled_when_it_does(provider, job, settings):
    settings.REPLICATE_SETTLE_SECONDS = 60
    provider.settings(request_faults=[LOST], latency={"image": 60})
    step = look(job)
    jobs.cancel(job)
    assert look(job).status == "running"
    assert Charge.objects.get().status == "reserved"
    arrive_late(step)
    assert look(job).status == "cancelled"
    assert provider.predictions()[0]["status"] in ("canceled", "aborted")


def test_an_order_that_never_arrives_is_cancelled_and_free(provider, job, settings):
    provider.settings(request_faults=[LOST])
    look(job)
    jobs.cancel(job)
    assert look(job).status == "cancelled"
    assert not Charge.objects.exists()


def test_an_order_that_nobody_took_is_no_order(provider, job, settings, unused_address):
    settings.REPLICATE_SETTLE_SECONDS = 60
    settings.REPLICATE_BASE_URL = unused_address
    step = look(job)
    assert "cannot be reached" in str(step.error)
    assert step.intent_at is None
    assert not Charge.objects.exists()
    settings.REPLICATE_BASE_URL = provider.url
    assert look(job).external_id
    assert "GET /v1/predictions" not in provider.counters()["by_path"]


def test_an_order_that_another_step_took_for_its_own_takes_that_ones(provider, cards, universe, post):
    universes.update(universe, default_image_prompt="An owl")
    late, lost = ({**LOST, "action": action} for action in ("delay_after:3", "drop_after"))
    provider.settings(request_faults=[late, lost])
    body = {"asset_ids": [str(card.pk) for card in cards[:2]]}
    job = Job.objects.get(pk=post("winter/images", **body).json()["id"])
    run_slice(str(job.pk), threads=2)
    job = run_out(job.pk)
    assert (job.status, job.error) == ("completed", None)
    assert provider.counters()["created"] == 2
    assert JobStep.objects.values("external_id").distinct().count() == 2
    assert set(Charge.objects.values_list("status", flat=True)) == {"spent"}


def test_what_a_request_bought_with_the_same_words_is_not_taken_for_the_lost_order(provider, job):
    provider.settings(request_faults=[LOST])
    theirs = arrive_late(look(job))
    Charge.objects.create(month="2026-01", kind="image", status="spent", prediction_id=theirs)
    ours = look(job).external_id
    assert ours not in ("", theirs)


@pytest.fixture
def repeating(settings):
    """A provider that answers each order with the same prediction; `repeating["created"]` counts them."""
    told = Counter()

    class Repeating(BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer({"results": [], "next": None, "username": "x"})

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            told["created"] += 1
            self._answer({"id": "held", "status": "starting"})

        def _answer(self, content):
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Repeating) as server:
        Thread(target=server.serve_forever).start()
        settings.REPLICATE_BASE_URL = f"http://127.0.0.1:{server.server_address[1]}"
        yield told
        replicate.close()
        server.shutdown()


def test_an_order_answered_with_what_another_step_holds_ends_after_the_usual_tries(
    provider, cards, post, repeating
):
    body = {"asset_ids": [str(card.pk) for card in cards[:2]]}
    job = Job.objects.get(pk=post("winter/images", **body).json()["id"])
    held, other = job.steps.all()
    JobStep.objects.filter(pk=held.pk).update(external_id="held", status="failed")
    assert "another step has" in str(run_out(job.pk).error) or str(JobStep.objects.get(pk=other.pk).error)
    assert repeating["created"] == runner.MOST_ATTEMPTS


@pytest.mark.parametrize("seconds", [-86_400, -3600, 90, 3600])
@pytest.mark.parametrize("steps_later", [False, True], ids=["wrong throughout", "set meanwhile"])
def test_a_lost_order_is_found_whatever_our_clock_says(provider, job, monkeypatch, seconds, steps_later):
    now = timezone.now

    def shifted():
        return now() + timedelta(seconds=seconds)

    provider.settings(lose_answers=1)
    with monkeypatch.context() as patched:
        if not steps_later:
            patched.setattr(timezone, "now", shifted)
        look(job)
        if steps_later:
            patched.setattr(timezone, "now", shifted)
        assert look(job).external_id
    assert run_out(job.pk).status == "completed"
    assert provider.counters()["created"] == 1
