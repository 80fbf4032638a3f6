"""A month costs no more than it may."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.db import connections
from django.utils import timezone

from generation import adapters, spending
from generation.errors import LimitReached
from generation.models import Charge
from generation.tests.helpers import begin, books, run_out
from jobs import services as jobs
from jobs.models import Job, JobStep

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_job_that_the_limit_stops_keeps_what_it_could_buy_and_goes_on_when_there_is_more(
    provider, cards, run, allow
):
    allow("0.08")
    job = run("winter/images")
    assert (job.status, job.message) == ("failed", "2 of 3 images, 1 failed")
    assert "SPEND_LIMIT_MONTHLY is 0.08 USD" in str(job.error)
    assert "this would cost 0.04 USD" in str(job.error)
    allow("0.12")
    jobs.retry(job)
    assert run_out(job.pk).status == "completed"
    assert provider.counters()["created"] == 3


def test_a_limit_that_does_not_pay_for_one_step_starts_no_job(provider, cards, run, post, allow):
    allow("0.05")
    run("winter/images", asset_ids=[str(cards[0].pk)])
    answer = post("winter/images")
    assert answer.status_code == 409
    month = spending.this_month()
    assert answer.json()["detail"] == (
        f"SPEND_LIMIT_MONTHLY is 0.05 USD, of which 0.04 USD are spent in {month}, and this job would cost 0.08 USD; "
        "raise it, or try again next month."
    )
    assert Job.objects.count() == 1


def test_a_second_start_answers_with_the_running_job_whatever_is_left(provider, cards, post, allow):
    allow("0.12")
    provider.settings(latency={"image": 60})
    first = post("winter/images").json()
    begin(Job.objects.get())
    assert post("winter/images").json()["id"] == first["id"]


def test_last_months_spending_is_last_months(provider, cards, run, allow):
    allow("0.12")
    spending.reserve(adapters.IMAGE, "winter", number=3)
    Charge.objects.update(month="2026-01")
    assert run("winter/images").status == "completed"


@pytest.fixture
def lost_last_month(provider, cards, post):
    """A failed job of one picture whose order of last month was not answered."""
    provider.settings(request_faults=[{"match": "POST /v1/predictions$", "action": "503"}])
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    assert run_out(job.pk).status == "failed"
    JobStep.objects.update(intent_at=timezone.now() - timedelta(days=3))
    Charge.objects.update(month="2026-01")
    provider.settings(request_faults=[])
    return Job.objects.get()


def test_an_order_of_last_month_that_was_never_made_is_paid_by_this_one(lost_last_month, allow, provider):
    allow("0.04")
    jobs.retry(lost_last_month)
    assert run_out(lost_last_month.pk).status == "completed"
    assert list(Charge.objects.values_list("month", "status")) == [(spending.this_month(), "spent")]


def test_an_order_of_last_month_is_not_made_again_when_this_one_has_nothing_left(
    lost_last_month, allow, cards, run, provider
):
    allow("0.04")
    run("winter/images", asset_ids=[str(cards[1].pk)])
    jobs.retry(lost_last_month)
    assert "SPEND_LIMIT_MONTHLY" in str(run_out(lost_last_month.pk).error)
    assert provider.counters()["created"] == 1
    assert books() == [("spent", Decimal("0.04"))]


def test_a_failed_prediction_gives_back_what_was_reserved(provider, cards, run, allow):
    allow("0.04")
    provider.settings(fail_next=1)
    run("winter/images", asset_ids=[str(cards[0].pk)])
    assert run("winter/images", asset_ids=[str(cards[1].pk)]).status == "completed"


def test_a_model_without_a_price_is_refused_where_there_is_a_limit(provider, pictures, post, allow, settings):
    allow("100")
    answer = post("winter/videos")
    assert answer.status_code == 400
    assert f"MODEL_PRICES={settings.REPLICATE_VIDEO_MODEL}=" in answer.json()["detail"]
    assert provider.counters()["created"] == 0


def test_the_start_warns_of_models_without_a_price(allow):
    assert not [one for one in run_checks() if one.id == "generation.W010"]
    allow("100")
    (warning,) = [one for one in run_checks() if one.id == "generation.W010"]
    assert "MODEL_PRICES=wan-video/wan-2.1-i2v-480p=" in warning.hint


def test_threads_that_reserve_at_once_get_what_there_is_and_no_more(allow, db):
    allow("0.20")

    def order(_):
        try:
            spending.reserve(adapters.IMAGE, "winter")
        except LimitReached:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(order, range(30))) == 5
    assert spending.report()["reserved"] == Decimal("0.20")


@pytest.mark.parametrize(
    "text", ["recraft-ai/recraft-v3", "recraft-ai/recraft-v3=free", "a/b=0.00001", "a/b=-1"]
)
def test_senseless_prices_stop_the_start(text):
    assert "MODEL_PRICES is senseless" in start_with(MODEL_PRICES=text)


@pytest.mark.parametrize("text", ["much", "-1", "NaN"])
def test_a_senseless_limit_stops_the_start(text):
    assert "SPEND_LIMIT_MONTHLY is senseless" in start_with(SPEND_LIMIT_MONTHLY=text)


def start_with(**env):
    command = [sys.executable, "manage.py", "check"]
    # Nothing but the settings is read: they alone are to complain.
    environment = {
        "SECRET_KEY": django_settings.SECRET_KEY,
        "STORAGE_PATH": str(django_settings.STORAGE_PATH),
        **env,
    }
    done = subprocess.run(
        command, cwd=django_settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode
    return done.stdout + done.stderr


@pytest.fixture
def in_the_way(provider, cards, post, allow):
    """A job that may begin, and a reservation that takes all there is though its step has ended."""
    allow("0.04")
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    other = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[1].pk)]).json()["id"])
    spending.reserve(adapters.IMAGE, "winter", step=other.steps.get())
    other.steps.update(status="failed")
    return job


def test_what_nobody_will_buy_any_more_does_not_stand_in_the_way_of_a_step(in_the_way):
    assert run_out(in_the_way.pk).status == "completed"


def test_what_nobody_will_buy_any_more_does_not_stand_in_the_way_of_a_request(in_the_way, post):
    assert post("winter/concepts", theme="winter", count=4).status_code == 200
