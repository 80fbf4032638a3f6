"""The name, health, readiness and metrics of the installation, for people, load balancers and Prometheus."""

import time

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpResponse
from django.utils.crypto import constant_time_compare
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from api.permissions import InScopeOrOpen
from jobs import waker
from jobs.models import Worker
from storage import bucket
from storage.errors import NotWritable
from syncer import services

from . import __version__, metrics
from .database import database_wrong, incomplete, migrations_missing, said_of

CONNECTED_SECONDS = 5
HEALTH = ["healthy", "unhealthy"]
READINESS = ["ready", "not ready"]
# A message that no worker took up for so long, in seconds.
QUEUE_BOUND = 60
# Frequent questions must not write the disk and read the migrations each time.
BUCKET_SECONDS, MIGRATIONS_SECONDS = 5, 60
# A server that does not answer keeps a thread for seconds, each time that it is asked.
FAILED_SECONDS = 2


class InfoSerializer(serializers.Serializer):
    name = serializers.CharField()
    version = serializers.CharField()
    status = serializers.CharField()
    docs = serializers.CharField()


class HealthSerializer(serializers.Serializer):
    status = serializers.ChoiceField(HEALTH, help_text="Unhealthy comes with the status code 503.")
    database = serializers.BooleanField()
    supabase_connected = serializers.BooleanField()
    ai_available = serializers.BooleanField(help_text="Whether there is a key for the AI models.")
    oldest_unclaimed_job_seconds = serializers.FloatField(
        allow_null=True, help_text="How long a job has waited for a worker; 0 when none waits."
    )


class ReadySerializer(serializers.Serializer):
    status = serializers.ChoiceField(READINESS, help_text="Not ready comes with the status code 503.")
    database = serializers.BooleanField(help_text="Whether it answers.")
    migrations = serializers.BooleanField(help_text="Whether all are applied.")
    bucket = serializers.BooleanField(help_text="Whether it can be written.")
    queue = serializers.BooleanField(help_text="Whether no job waits too long for a worker.")
    worker = serializers.BooleanField(help_text="Whether one runs.")
    reasons = serializers.ListField(
        child=serializers.CharField(), help_text="For each that is false, a sentence that says what to do."
    )


class OpenView(APIView):
    """A view that asks for no login, not even whether there is one."""

    authentication_classes = []
    permission_classes = [AllowAny]
    renderer_classes = [JSONRenderer]


class InfoView(OpenView):
    """Name and version of this installation."""

    @extend_schema(operation_id="info", responses=InfoSerializer)
    def get(self, request):
        return Response({"name": "MagikSwipe", "version": __version__, "status": "running", "docs": "/docs"})


class HealthView(OpenView):
    """Whether it works. The status is 503 when the database does not answer."""

    @extend_schema(operation_id="health", responses={200: HealthSerializer, 503: HealthSerializer})
    def get(self, request):
        database = not database_wrong()
        body = {
            "status": "healthy" if database else "unhealthy",
            "database": database,
            "supabase_connected": supabase_connected(),
            "ai_available": bool(settings.REPLICATE_API_TOKEN),
            "oldest_unclaimed_job_seconds": round(waker.oldest_unclaimed(), 1) if database else None,
        }
        return Response(body, status=200 if database else 503)


def supabase_connected():
    """Whether Supabase admits us; asked anew after some seconds, since monitoring asks often."""
    return cache.get_or_set("supabase-connected", services.connected, CONNECTED_SECONDS)


class ReadyView(OpenView):
    """Whether it can do its work, a worker's included. With status 503 `reasons` say what is missing."""

    @extend_schema(operation_id="ready", responses={200: ReadySerializer, 503: ReadySerializer})
    def get(self, request):
        found = readiness()
        reasons = [sentence for sentence in found.values() if sentence]
        body = {
            "status": "not ready" if reasons else "ready",
            **{name: not sentence for name, sentence in found.items()},
            "reasons": reasons,
        }
        return Response(body, status=503 if reasons else 200)


class ReaderOrPrometheus(InScopeOrOpen):
    """Readers of the API, and callers with METRICS_TOKEN as a Bearer token."""

    def has_permission(self, request, view):
        return has_metrics_token(request) or super().has_permission(request, view)


def has_metrics_token(request):
    given = request.headers.get("Authorization", "")
    token = settings.METRICS_TOKEN
    return bool(token) and constant_time_compare(given, f"Bearer {token}")


class MetricsView(APIView):
    """Metrics for Prometheus; METRICS_TOKEN as a Bearer token admits, too."""

    permission_classes = [ReaderOrPrometheus]
    renderer_classes = [JSONRenderer]

    def get_authenticators(self):
        """METRICS_TOKEN is nobody's login, so its sender needs none."""
        # The schema asks without a request.
        known = self.request and has_metrics_token(self.request)
        return [] if known else super().get_authenticators()

    @extend_schema(operation_id="metrics", responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request):
        return HttpResponse(metrics.text(), content_type=metrics.CONTENT_TYPE)


def readiness():
    """`{name: sentence}` of each thing that must hold; the sentence says what to do, and is empty where it does."""
    wrong = database_wrong()
    try:
        return _without_database(wrong) if wrong else _check()
    except DatabaseError as error:
        return _without_database(said_of(error))


def _without_database(wrong):
    unknown = "Not known without the database."
    return {
        "database": wrong,
        "migrations": unknown,
        "bucket": _remembered("bucket", BUCKET_SECONDS, _bucket),
        "queue": unknown,
        "worker": unknown,
    }


def _check():
    migrations = _remembered("migrations", MIGRATIONS_SECONDS, _migrations)
    unknown = "Not known before the migrations." if migrations else ""
    return {
        "database": "",
        "migrations": migrations,
        "bucket": _remembered("bucket", BUCKET_SECONDS, _bucket),
        "queue": unknown or _queue(),
        "worker": unknown or _worker(),
    }


def _remembered(name, seconds, look):
    """The result of `look`, remembered for so many seconds if all was well, and for FAILED_SECONDS if not."""
    found, told_at = cache.get(key := f"ready:{name}") or (None, 0)
    # A value written before the clock was set back would stay for as long as that.
    if found is None or told_at > time.time():
        found = look()
        cache.set(key, (found, time.time()), FAILED_SECONDS if found else seconds)
    return found


def _migrations():
    missing = migrations_missing()
    return f"{len(missing)} migrations wait; run: manage.py migrate" if missing else incomplete()


def _bucket():
    try:
        bucket.check_writable()
        return ""
    except NotWritable as error:
        return str(error)


def _queue():
    age = waker.oldest_unclaimed()
    return f"A job has waited {age:.0f} s for a worker; start another." if age > QUEUE_BOUND else ""


def _worker():
    return "" if Worker.alive().exists() else "No worker runs; start one: manage.py qcluster"
