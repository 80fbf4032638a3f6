"""Metrics for Prometheus: counted with each request, or read from the database when it asks.

Requests are counted by each web process in files of PROMETHEUS_MULTIPROC_DIR, where gunicorn has several
(https://prometheus.github.io/client_python/multiprocess/). Labels are names of ours alone: no slug, no person.
"""

import os

from django.conf import settings
from django.db.models import Count, Sum
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily

from generation import spending
from jobs import waker
from jobs.models import Job, JobStep, Worker
from storage.files import free_bytes
from storage.models import FileRecord
from universes.models import Revision, Universe

__all__ = ["CONTENT_TYPE", "REQUESTS", "SECONDS", "text"]

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)

OWN = CollectorRegistry()
REQUESTS = Counter(
    "magikswipe_requests",
    "Requests by route, method and status.",
    ["route", "method", "status"],
    registry=OWN,
)
SECONDS = Histogram(
    "magikswipe_request_seconds",
    "Seconds until an answer began, by route and method.",
    ["route", "method"],
    buckets=BUCKETS,
    registry=OWN,
)


def text():
    """All metrics in Prometheus' text format, as bytes."""
    registry = CollectorRegistry()
    registry.register(State())
    return _requests() + generate_latest(registry)


def _requests():
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(OWN)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)


class State:
    """Gauges that are read from rows."""

    def collect(self):
        yield from _work()
        yield from _money()
        yield from _things()

    def describe(self):
        return []


def _work():
    yield _by("jobs", "Jobs that are kept, by type and status.", Job.objects, ["type", "status"])
    yield _by(
        "steps", "Their steps, by the job's type and by status.", JobStep.objects, ["job__type", "status"]
    )
    syncs = JobStep.objects.filter(job__type__startswith="sync_")
    yield _by("syncs", "Universes that were synced, by type and outcome.", syncs, ["job__type", "status"])
    yield _one(
        "queue_age_seconds", "How long the oldest message has waited for a worker.", waker.oldest_unclaimed()
    )
    yield _one("workers", "Workers that were heard of lately.", Worker.alive().count())


def _money():
    report = spending.report()
    found = GaugeMetricFamily(
        "magikswipe_spending_dollars", "US dollars of this month (UTC), spent or reserved.", labels=["state"]
    )
    for state in ("spent", "reserved"):
        found.add_metric([state], float(report[state]))
    yield found
    if report["limit"] is not None:
        yield _one("spending_limit_dollars", "SPEND_LIMIT_MONTHLY.", float(report["limit"]))


def _things():
    files = FileRecord.objects.aggregate(number=Count("pk"), bytes=Sum("size"))
    yield _one("universes", "Universes here.", Universe.objects.count())
    yield _one("revisions", "Revisions that are kept.", Revision.objects.count())
    yield _one("files", "Files of universes that were looked at.", files["number"])
    yield _one("files_bytes", "Their size in bytes.", files["bytes"] or 0)
    if (free := free_bytes(settings.STORAGE_PATH)) is not None:
        yield _one("disk_free_bytes", "Free bytes where STORAGE_PATH is.", free)


def _one(name, explained, value):
    found = GaugeMetricFamily(f"magikswipe_{name}", explained)
    found.add_metric([], value)
    return found


def _by(name, explained, rows, columns):
    labels = [column.rpartition("__")[2] for column in columns]
    found = GaugeMetricFamily(f"magikswipe_{name}", explained, labels=labels)
    for *values, number in rows.order_by(*columns).values_list(*columns).annotate(number=Count("pk")):
        found.add_metric(values, number)
    return found
