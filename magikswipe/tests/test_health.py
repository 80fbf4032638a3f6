"""`/`, `/health` and `/ready`: what runs, and what work still lacks."""

import math
import re
import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from jobs.models import Job, Worker
from magikswipe import __version__, healthcheck
from tests.s3_proxy import REFUSED

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker():
    Worker.beat("here", 2)
    return Worker.objects.get()


def reasons(response):
    assert response.status_code == 503 and response.json()["status"] == "not ready"
    return response.json()["reasons"]


def test_the_root_says_what_runs_here(api):
    assert api.get("/").json() == {
        "name": "MagikSwipe",
        "version": __version__,
        "status": "running",
        "docs": "/docs",
    }


def test_health_when_all_is_well(api):
    response = api.get("/health")
    assert response.status_code == 200
    assert response.json() == {
        "status": "healthy",
        "database": True,
        "supabase_connected": False,
        "ai_available": False,
        "oldest_unclaimed_job_seconds": 0.0,
    }


def test_health_knows_of_a_key(api, settings):
    settings.REPLICATE_API_TOKEN = "r8_key"
    assert api.get("/health").json()["ai_available"] is True


def test_health_without_a_database_is_503_and_no_crash(api):
    def broken(execute, sql, params, many, context):
        raise OperationalError("gone")

    with connection.execute_wrapper(broken):
        response = api.get("/health")
    assert response.status_code == 503
    assert (response.json()["status"], response.json()["database"]) == ("unhealthy", False)


@pytest.mark.parametrize("path", ["/health", "/health/", "/ready"])
def test_health_is_asked_without_https(api, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    assert api.get(path).status_code != 301


def test_all_is_well_while_a_worker_runs(api, worker):
    response = api.get("/ready")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready", "database": True, "migrations": True, "bucket": True, "queue": True, "worker": True,
        "reasons": [],
    }  # fmt: skip


def test_without_a_worker_it_says_how_to_start_one(api):
    assert reasons(api.get("/ready")) == ["No worker runs; start one: manage.py qcluster"]


def test_a_worker_that_was_not_heard_of_for_long_is_none(api, worker):
    Worker.objects.update(beat_at=timezone.now() - timedelta(minutes=1))
    assert api.get("/ready").json()["worker"] is False


def test_a_worker_that_ends_says_so(api, worker):
    Worker.objects.filter(id="here").delete()
    assert api.get("/ready").json()["worker"] is False


def test_a_job_for_which_messages_are_sent_again_and_again_is_told(api, worker):
    now = timezone.now()
    Job.objects.create(type="test", message_sent_at=now, waiting_since=now - timedelta(minutes=5))
    assert "has waited" in str(api.get("/ready").json())


def test_a_job_that_waits_for_long_is_told(api, worker):
    since = timezone.now() - timedelta(minutes=5)
    Job.objects.create(type="test", message_sent_at=since)
    (reason,) = reasons(api.get("/ready"))
    (waited,) = re.findall(r"^A job has waited (\d+) s for a worker", reason)
    assert 300 <= int(waited) <= math.ceil((timezone.now() - since).total_seconds())


def test_a_bucket_that_cannot_be_written_is_told(api, worker, empty_storage):
    (empty_storage / "bucket").write_text("a file where the folder should be")
    (reason,) = reasons(api.get("/ready"))
    assert reason.startswith("The bucket in STORAGE_PATH can't be written (")


def test_a_bucket_that_fails_is_not_asked_each_time_and_believed_once_it_is_well(api, worker, s3_proxy):
    s3_proxy.fault = lambda method, path: REFUSED
    for _ in range(20):
        (reason,) = reasons(api.get("/ready"))
        assert reason.startswith("The bucket of BUCKET_URL can't be written (AccessDenied)")
    assert 1 <= len(s3_proxy.calls) < 20
    s3_proxy.recovers()
    ends = time.monotonic() + 60
    while api.get("/ready").status_code != 200:
        assert time.monotonic() < ends


def test_migrations_that_wait_are_told(api, worker):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'jobs'")
    found = reasons(api.get("/ready"))
    assert "migrations wait; run: manage.py migrate" in found[0]


def test_without_a_database_it_answers_all_the_same(api):
    def broken(execute, sql, params, many, context):
        raise OperationalError("gone")

    with connection.execute_wrapper(broken):
        response = api.get("/ready")
    assert reasons(response)[0].startswith("The database does not answer")
    assert response.json()["bucket"] is True and response.json()["queue"] is False


@pytest.mark.parametrize(
    ("hosts", "asked"),
    [("", "localhost"), ("studio.example, other.example", "studio.example"), (".example.org", "example.org")],
)
def test_the_containers_health_is_asked_under_an_allowed_name(monkeypatch, hosts, asked):
    monkeypatch.setenv("ALLOWED_HOSTS", hosts)
    assert healthcheck.host() == asked
