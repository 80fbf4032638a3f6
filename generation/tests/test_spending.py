"""What is bought is in the books."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from generation import adapters, spending
from generation.models import Charge
from generation.tests.helpers import begin, books, look, run_out, wait_for_the_end_of
from jobs import services as jobs
from jobs.models import Job, JobStep

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def costs(api):
    def call(month=""):
        return api.get("/api/generate/costs", {"month": month})

    return call


# --- What it costs -----------------------------------------------------------------------------------------


def test_a_job_tells_what_it_will_cost_and_what_it_has(provider, cards, post, api):
    answer = post("winter/images").json()
    assert (answer["estimated_cost"], answer["cost"]) == (0.12, None)
    run_out(answer["id"])
    job = api.get(f"/api/jobs/{answer['id']}").json()
    assert (job["estimated_cost"], job["cost"]) == (0.12, 0.12)
    assert [step["cost"] for step in job["steps"]] == [0.04] * 3


def test_a_price_that_nobody_knows_makes_the_estimate_unknown_and_is_counted(provider, pictures, run, costs):
    job = run("winter/videos")
    assert (job.status, job.estimated_cost, job.cost) == ("completed", None, None)
    assert (costs().json()["unpriced"], costs().json()["spent"]) == (3, 0)


def test_prices_can_be_set_for_a_model_under_any_of_its_names(settings):
    settings.MODEL_PRICES = {
        "recraft-ai/recraft-v3": Decimal("0.5"),
        "wavespeedai/wan-2.1-i2v-480p": Decimal("0.45"),
    }
    assert spending.price("recraft-ai/recraft-v3:" + "0" * 64) == Decimal("0.5")
    assert spending.price("wan-video/wan-2.1-i2v-480p") == Decimal("0.45")


def test_everything_is_estimated_before_the_cards_are_known(provider, universe, post, settings):
    settings.MODEL_PRICES = {
        settings.REPLICATE_LLM_MODEL: Decimal("0.01"),
        settings.REPLICATE_VIDEO_MODEL: Decimal("0.45"),
    }
    body = {"theme": "winter", "count": 4}
    # Concepts, 4 pictures, 4 clips, lyrics, 5 songs.
    assert post("winter/all", **body).json()["estimated_cost"] == 2.13


@pytest.mark.parametrize(
    ("how", "cost"), [("failed", None), ("aborted", None), ("canceled", Decimal("0.04"))]
)
def test_what_the_provider_does_not_deliver_costs_what_it_asks_for_that(provider, cards, run, how, cost):
    provider.settings(fail_next=1, fail_as=how)
    job = run("winter/images", asset_ids=[str(cards[0].pk)])
    assert job.cost == cost
    assert books() == [("spent" if cost else "free", Decimal("0.04"))]


def test_a_result_that_is_of_no_use_is_paid_for_and_so_is_the_next(provider, cards, run):
    provider.settings(output="html")
    job = run("winter/images", asset_ids=[str(cards[0].pk)])
    assert job.cost == Decimal("0.04")
    provider.settings(output="")
    jobs.retry(job)
    assert run_out(job.pk).cost == Decimal("0.08")


def test_a_prediction_that_vanished_counts_as_paid(provider, cards, run):
    provider.settings(request_faults=[{"match": r"GET /v1/predictions/\w", "action": "404"}])
    assert run("winter/images", asset_ids=[str(cards[0].pk)]).cost == Decimal("0.04")


def test_what_was_not_taken_leaves_nothing_in_the_books(provider, cards, run):
    provider.settings(request_faults=[{"match": "POST /v1/predictions$", "action": "400"}])
    assert run("winter/images").status == "failed"
    assert books() == []


def test_a_throttled_order_is_reserved_once(provider, cards, run):
    provider.settings(throttle={"per_second": 0.001, "burst": 1, "retry_after": 0.4})
    assert run("winter/images").cost == Decimal("0.12")
    assert books() == [("spent", Decimal("0.04"))] * 3


def test_a_lost_answer_is_one_charge(provider, cards, run):
    provider.settings(lose_answers=2)
    assert run("winter/images").cost == Decimal("0.12")
    assert set(Charge.objects.values_list("prediction_id", flat=True)) == {
        one["id"] for one in provider.predictions()
    }


def test_what_is_cancelled_in_flight_is_settled(provider, cards, post):
    provider.settings(latency={"image": 60})
    job = Job.objects.get(pk=post("winter/images").json()["id"])
    begin(job)
    jobs.cancel(job)
    run_out(job.pk)
    # An order that had not begun is given up free of charge, one at work is paid.
    billed = {"aborted": "free", "canceled": "spent"}
    assert sorted(status for status, _ in books()) == sorted(
        billed[one["status"]] for one in provider.predictions()
    )


def test_a_cancelled_order_that_never_arrived_is_released(provider, cards, post):
    provider.settings(request_faults=[{"match": "POST /v1/predictions$", "action": "drop", "times": 1}])
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    look(job)
    assert books() == [("reserved", Decimal("0.04"))]
    jobs.cancel(job)
    run_out(job.pk)
    assert books() == []


# --- Words within a request --------------------------------------------------------------------------------


def test_words_within_a_request_are_in_the_books_of_their_universe(provider, universe, post, allow, costs):
    allow("1")
    post("winter/concepts", theme="winter", count=4)
    post("translate-text", text="Bonjour", source="fr", target="en")
    assert costs().json()["universes"] == [
        {"univers_slug": "", "spent": 0.01},
        {"univers_slug": "winter", "spent": 0.01},
    ]


def test_words_within_a_request_are_refused_when_the_limit_is_reached(provider, universe, post, allow):
    allow("0.01")
    assert post("winter/concepts", theme="winter", count=4).status_code == 200
    answer = post("winter/concepts", theme="winter", count=4)
    assert answer.status_code == 409
    assert "SPEND_LIMIT_MONTHLY" in answer.json()["detail"]
    assert provider.counters()["created"] == 1


def test_a_question_that_does_not_fit_into_the_limit_as_a_whole_is_not_asked_at_all(provider, post, allow):
    allow("0.01")
    text = "\n".join(f"Line {number}" for number in range(60))
    assert post("translate-text", text=text, source="en", target="fr").status_code == 409
    assert (provider.counters()["created"], books()) == (0, [])


@pytest.mark.parametrize(
    ("action", "status", "booked"),
    [("400", 502, []), ("429", 200, ["spent"]), ("500", 502, ["spent"]), ("drop", 503, ["spent"])],
)
def test_a_question_that_may_have_arrived_counts_and_a_refused_one_does_not(
    provider, universe, post, allow, action, status, booked
):
    allow("1")
    provider.settings(request_faults=[{"match": "POST /v1/predictions$", "action": action, "times": 1}])
    assert post("winter/concepts", theme="winter", count=4).status_code == status
    assert [status for status, _ in books()] == booked


# --- The books ---------------------------------------------------------------------------------------------


def test_the_books_tell_a_month_by_universe_and_kind(provider, cards, songs, run, costs):
    run("winter/images")
    run("winter/music", languages=["fr", "en"])
    assert costs().json() == {
        "month": spending.this_month(),
        "limit": None,
        "spent": 0.18,
        "reserved": 0,
        "unpriced": 0,
        "universes": [{"univers_slug": "winter", "spent": 0.18}],
        "kinds": [{"kind": "image", "spent": 0.12}, {"kind": "music", "spent": 0.06}],
    }
    assert costs("2026-01").json()["spent"] == 0


@pytest.mark.parametrize("month", ["2026", "2026-13", "2026-1", "now", "2026-01-01"])
def test_a_month_that_is_none_is_refused(costs, month):
    answer = costs(month)
    assert answer.status_code == 422
    assert answer.json()["detail"] == "month must be a month, written as 2026-11."


def test_charges_outlive_their_job(provider, cards, run):
    job = run("winter/images")
    Job.objects.filter(pk=job.pk).update(completed_at=timezone.now() - timedelta(days=9))
    assert jobs.cleanup(7) == 1
    assert spending.report()["spent"] == Decimal("0.12")


def test_what_stays_reserved_is_settled_by_what_its_step_says(provider, cards, post):
    job = Job.objects.get(pk=post("winter/images").json()["id"])
    begin(job)
    wait_for_the_end_of(provider)
    bought, open_one, unsent = job.steps.order_by("position")
    JobStep.objects.filter(pk=bought.pk).update(status="failed")
    JobStep.objects.filter(pk=unsent.pk).update(status="failed", external_id="", intent_at=None)
    Charge.objects.filter(step_id=unsent.pk).update(prediction_id="")
    spending.reserve(adapters.IMAGE, "winter")
    broken_off = Charge.objects.get(step_id=None)
    Charge.objects.filter(pk=broken_off.pk).update(created_at=timezone.now() - timedelta(hours=1))
    gone = Charge.objects.create(
        month=spending.this_month(), kind="image", step_id=uuid.uuid4(), amount=Decimal("0.04")
    )
    spending.settle_abandoned()
    statuses = dict(Charge.objects.values_list("step_id", "status"))
    assert statuses == {bought.pk: "spent", open_one.pk: "reserved", None: "spent", gone.step_id: "spent"}
    bought.refresh_from_db()
    job.refresh_from_db()
    assert bought.cost == job.cost == Decimal("0.04")


def test_a_step_that_was_counted_as_paid_is_corrected_when_a_retry_learns_better(provider, cards, post):
    provider.settings(fail_next=1)
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    begin(job)
    wait_for_the_end_of(provider)
    job.steps.update(status="failed")
    Job.objects.filter(pk=job.pk).update(status="failed")
    spending.settle_abandoned()
    assert books() == [("spent", Decimal("0.04"))]
    jobs.retry(job)
    run_out(job.pk)
    assert books() == [("free", Decimal("0.04"))]
    assert job.steps.get().cost is None


@pytest.fixture
def unanswered(provider, cards, post):
    """A failed job of one picture that nobody retried for an hour, and whose answer was lost."""
    provider.settings(request_faults=[{"match": "POST /v1/predictions$", "action": "drop_after"}])
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    look(job)
    job.steps.update(status="failed")
    Job.objects.filter(pk=job.pk).update(status="failed")
    Charge.objects.update(created_at=timezone.now() - timedelta(hours=1))
    provider.settings(request_faults=[])
    return job


def test_an_order_without_an_answer_counts_as_spent_after_a_while_and_a_retry_adopts_it(provider, unanswered):
    spending.settle_abandoned()
    assert books() == [("spent", Decimal("0.04"))]
    assert unanswered.steps.get().cost == Decimal("0.04")
    jobs.retry(unanswered)
    assert run_out(unanswered.pk).cost == Decimal("0.04")
    assert provider.counters()["created"] == 1
    assert Charge.objects.get().prediction_id == provider.predictions()[0]["id"]


def test_a_step_that_is_cancelled_after_it_counted_as_spent_is_free_when_nothing_was_made(
    provider, unanswered
):
    spending.settle_abandoned()
    provider.reset()
    unanswered.steps.update(status="running")
    Job.objects.filter(pk=unanswered.pk).update(status="running")
    jobs.cancel(unanswered)
    assert run_out(unanswered.pk).cost is None
    assert books() == []


def test_an_order_without_an_answer_stays_reserved_while_it_may_be_at_work(unanswered):
    Charge.objects.update(created_at=timezone.now() - timedelta(minutes=20))
    spending.settle_abandoned()
    assert books() == [("reserved", Decimal("0.04"))]
