"""`/metrics`: what Prometheus reads, who may, and that it tells of no universe and no person."""

from decimal import Decimal

import pytest
from django.conf import settings as django_settings
from prometheus_client.parser import text_string_to_metric_families

from api import tokens
from generation import spending
from generation.models import Charge
from jobs.models import Job, JobStep
from storage import signed_urls

pytestmark = pytest.mark.django_db


def samples(response):
    """`{(name, labels as a frozen set): value}`"""
    assert response.status_code == 200
    families = text_string_to_metric_families(response.content.decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(found, name, **labels):
    return found[f"magikswipe_{name}", frozenset(labels.items())]


def test_requests_are_counted_by_route_and_not_by_address(api, universe):
    route = {"route": "/api/universes/<str:slug>", "method": "GET", "status": "200"}
    before = samples(api.get("/metrics")).get(("magikswipe_requests_total", frozenset(route.items())), 0)
    api.get("/api/universes/winter")
    answer = api.get("/metrics")
    assert value(samples(answer), "requests_total", **route) == before + 1
    assert b"winter" not in answer.content
    assert b'magikswipe_request_seconds_bucket{le="0.05"' in answer.content


def test_no_label_tells_of_a_universe_a_person_or_a_secret(api, settings, make_universe, staff):
    settings.API_OPEN = False
    make_universe(slug="veryhidden", is_public=False)
    address = signed_urls.sign("/storage/buckets/univers/veryhidden/secret.png")
    text = tokens.create("of lea@example.org", ["read", "write"], days=1)[1]
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    for path in ("/api/universes/veryhidden", address, "/preview/veryhidden", "/veryhidden/lea@example.org"):
        for method in ("get", "patch", "delete"):
            getattr(api, method)(path, headers={"X-Request-ID": "veryhidden", "User-Agent": "veryhidden"})
    api.generic("VERYHIDDEN", "/api/universes?search=veryhidden")
    told = api.get("/metrics").content.decode().lower()
    assert "/api/universes/<str:slug>" in told
    for secret in (
        "veryhidden",
        "lea@",
        "example.org",
        text.split("_")[1],
        address.partition("=")[2].lower(),
    ):
        assert secret not in told


def test_what_leads_nowhere_and_odd_methods_are_one_route(api):
    api.get("/no/such/page")
    api.generic("BREW", "/health")
    found = samples(api.get("/metrics"))
    assert value(found, "requests_total", route="(none)", method="GET", status="404") >= 1
    assert not [labels for _name, labels in found if ("method", "BREW") in labels]


def test_jobs_steps_and_syncs_are_counted(api):
    job = Job.objects.create(type="sync_push", univers_slug="winter", status="failed")
    for number, status in enumerate(["completed", "failed", "failed"]):
        JobStep.objects.create(job=job, key=str(number), label="x", handler="x", status=status)
    found = samples(api.get("/metrics"))
    assert value(found, "jobs", type="sync_push", status="failed") == 1
    assert value(found, "steps", type="sync_push", status="failed") == 2
    assert value(found, "syncs", type="sync_push", status="completed") == 1
    assert value(found, "queue_age_seconds") == 0 and value(found, "workers") == 0


def test_this_months_spending_and_its_limit(api, settings):
    settings.SPEND_LIMIT_MONTHLY = Decimal("20")
    Charge.objects.create(
        month=spending.this_month(), status="spent", kind="image", model="a/b", amount=Decimal("1.25")
    )
    found = samples(api.get("/metrics"))
    assert value(found, "spending_dollars", state="spent") == 1.25
    assert value(found, "spending_limit_dollars") == 20


def test_files_and_free_disk(api, universe, put_file):
    put_file("winter", "fr.mp3", b"12345")
    api.get("/api/sync/status")
    found = samples(api.get("/metrics"))
    assert value(found, "universes") == 1
    assert value(found, "disk_free_bytes") > 0


def test_a_closed_one_takes_the_token_of_the_settings(api, settings):
    settings.API_OPEN, settings.METRICS_TOKEN = False, "of-prometheus-alone"
    assert api.get("/metrics").status_code == 401
    assert api.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert api.get("/metrics", headers={"Authorization": "Bearer of-prometheus-alone"}).status_code == 200
    assert (
        api.get("/api/universes", headers={"Authorization": "Bearer of-prometheus-alone"}).status_code == 401
    )


def test_without_such_a_token_an_empty_one_opens_nothing(api, settings):
    settings.API_OPEN = False
    assert not django_settings.METRICS_TOKEN
    assert api.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401
