"""Webhooks: taken when Replicate signed them just now, and then only a reason to look sooner."""

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from django_q.brokers import get_broker
from rest_framework.test import APIClient

from generation import provider as replicate
from generation import webhooks
from generation.tests.helpers import LONGEST_JOB, PATIENCE, begin, run_out, wait_for_the_end_of
from jobs import services as jobs
from jobs.models import Job, JobStep

in_transactions = pytest.mark.django_db(transaction=True)

SECRET_CALL = "GET /v1/webhooks/default/secret"


def signed(body, secret, moment=None, message="msg_1"):
    """The headers that Replicate sends with a body."""
    moment = str(int(moment or time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message}.{moment}.{body}".encode(), hashlib.sha256).digest()
    return {
        "webhook-id": message,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def call(body, headers):
    client = APIClient(enforce_csrf_checks=True, raise_request_exception=False)
    return client.post(webhooks.PATH, body, content_type="application/json", headers=headers)


def tell(step, **more):
    """A signed webhook about a step's prediction."""
    body = json.dumps({"id": step.external_id, "status": "succeeded"} | more)
    return call(body, signed(body, replicate.webhook_secret()))


@pytest.fixture
def step(provider, cards, post):
    """A step that was bought, is done at the provider, and is not to be looked at for an hour."""
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    begin(job)
    wait_for_the_end_of(provider)
    get_broker().purge_queue()
    JobStep.objects.update(due_at=timezone.now() + timedelta(hours=1))
    return JobStep.objects.get()


def is_due(step):
    return JobStep.objects.get(pk=step.pk).due_at <= timezone.now()


@in_transactions
def test_the_end_of_a_prediction_is_told_and_its_step_is_due(provider, cards, post, settings, live_server):
    settings.PUBLIC_URL = live_server.url
    # It ends when it is told to: once its step is put off, however long that takes.
    provider.settings(latency={"image": LONGEST_JOB})
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    begin(job)
    step = JobStep.objects.get()
    JobStep.objects.update(due_at=timezone.now() + timedelta(hours=1))
    replicate.cancel(step.external_id)
    ends = time.monotonic() + PATIENCE
    while not is_due(step):
        assert time.monotonic() < ends
    assert run_out(job.pk).status == "failed"
    assert provider.counters()["webhooks_sent"] == 1


@in_transactions
def test_a_signed_webhook_makes_its_step_due_and_sends_one_message(step):
    for _ in range(3):
        answer = tell(step)
        assert (answer.status_code, answer.json()) == (200, {"received": True})
    assert is_due(step)
    assert get_broker().queue_size() == 1
    assert run_out(step.job_id).status == "completed"
    assert tell(step).status_code == 200
    assert get_broker().queue_size() == 1


@in_transactions
def test_the_body_is_believed_in_nothing_but_the_id(step):
    tell(step, status="failed", output="https://example.org/other.png", error="no")
    assert run_out(step.job_id).status == "completed"


@in_transactions
def test_a_lost_webhook_loses_nothing(provider, cards, run, settings):
    settings.PUBLIC_URL = "http://localhost:9"
    provider.settings(webhook_copies=0)
    assert run("winter/images", asset_ids=[str(cards[0].pk)]).status == "completed"


@pytest.mark.parametrize(
    "body",
    [
        '{"id": "nobody"}', '{"id": ""}', "{}", "[]", "no json", '{"id": {"a": 1}}', '{"id": "a\\u0000"}', '{"id": 7}',
        '{"id": "\\ud83d"}', '{"id": true}', '{"id": ' + "[" * 200_000, '{"id": "' + "x" * 100_000 + '"}', "9" * 10_000,
    ],
    ids=lambda body: body[:20],
)  # fmt: skip
def test_what_concerns_no_step_is_taken_and_does_nothing(provider, db, body):
    assert call(body, signed(body, replicate.webhook_secret())).status_code == 200
    assert not get_broker().queue_size()


@in_transactions
def test_a_cancelled_step_is_left_alone(step):
    jobs.cancel(step.job)
    run_out(step.job_id)
    get_broker().purge_queue()
    assert tell(step).status_code == 200
    assert not get_broker().queue_size()


def without(name):
    return lambda headers: {key: value for key, value in headers.items() if key != name}


def altered(**changes):
    return lambda headers: headers | {name.replace("_", "-"): value for name, value in changes.items()}


@pytest.mark.parametrize(
    "spoil",
    [
        without("webhook-id"),
        without("webhook-timestamp"),
        without("webhook-signature"),
        altered(webhook_id="msg_2"),
        altered(webhook_timestamp="soon"),
        altered(webhook_signature="v1,AAAA"),
        altered(webhook_signature="v1,A"),
        altered(webhook_signature="none"),
        altered(webhook_signature=""),
    ],
)
def test_what_is_not_signed_is_401(provider, db, spoil):
    body = "{}"
    answer = call(body, spoil(signed(body, replicate.webhook_secret())))
    assert answer.status_code == 401
    assert answer.json() == {"detail": "The webhook is not signed by Replicate with this account's secret."}


@in_transactions
# Ahead by more than the bound alone: the clock goes on between signing and checking.
@pytest.mark.parametrize("seconds", [-301, 360])
def test_an_old_webhook_is_401_and_so_is_one_from_the_future(step, seconds):
    body = json.dumps({"id": step.external_id})
    headers = signed(body, replicate.webhook_secret(), moment=time.time() + seconds)
    answer = call(body, headers)
    assert answer.status_code == 401
    assert "five minutes" in answer.json()["detail"]
    assert not is_due(step)


def test_a_body_that_is_no_text_is_401(provider, db):
    assert call(b"\xff\xfe", signed("x", replicate.webhook_secret())).status_code == 401


@in_transactions
def test_a_new_secret_is_asked_for_once_however_many_come_wrongly_signed(provider, step):
    cache.set(webhooks.secret_key(), "whsec_" + base64.b64encode(b"the old one").decode())
    assert tell(step).status_code == 200
    before = provider.counters()["by_path"][SECRET_CALL]
    body = json.dumps({"id": step.external_id})
    for _ in range(5):
        assert call(body, signed(body, "whsec_AAAA")).status_code == 401
    assert provider.counters()["by_path"][SECRET_CALL] == before


@in_transactions
def test_no_login_is_needed_where_the_api_is_closed(settings, step):
    settings.API_OPEN = False
    assert tell(step).status_code == 200
    assert call("{}", {}).status_code == 401


def test_a_secret_that_cannot_be_read_is_an_error_so_that_replicate_calls_again(provider, db):
    provider.settings(request_faults=[{"match": "webhooks/default", "action": "500"}])
    assert call("{}", signed("{}", "whsec_AAAA")).status_code == 502


def test_it_takes_nothing_but_a_post(api, db):
    assert api.get(webhooks.PATH).status_code == 405


@pytest.mark.parametrize(
    ("url", "webhook"), [("", ""), ("https://x.example", f"https://x.example{webhooks.PATH}")]
)
def test_webhooks_are_asked_for_only_with_a_public_address(settings, url, webhook):
    settings.PUBLIC_URL = url
    assert webhooks.address() == webhook
