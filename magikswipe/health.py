"""What the installation is, and whether it works."""

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs import waker
from syncer import services

from . import __version__

CONNECTED_SECONDS = 5


class InfoSerializer(serializers.Serializer):
    name = serializers.CharField()
    version = serializers.CharField()
    status = serializers.CharField()
    docs = serializers.CharField()


class HealthSerializer(serializers.Serializer):
    status = serializers.CharField(help_text="healthy, or unhealthy with status 503")
    database = serializers.BooleanField()
    supabase_connected = serializers.BooleanField()
    ai_available = serializers.BooleanField(help_text="Whether there is a key for the AI models.")
    oldest_unclaimed_job_seconds = serializers.FloatField(
        allow_null=True, help_text="How long a job has waited for a worker; 0 when none waits."
    )


class OpenView(APIView):
    """A view that asks for no login, not even whether there is one."""

    authentication_classes = []
    permission_classes = [AllowAny]
    renderer_classes = [JSONRenderer]


class InfoView(OpenView):
    """What runs here."""

    @extend_schema(operation_id="info", responses=InfoSerializer)
    def get(self, request):
        return Response({"name": "MagikSwipe", "version": __version__, "status": "running", "docs": "/docs"})


class HealthView(OpenView):
    """Whether it works; 503 when the database does not answer."""

    @extend_schema(operation_id="health", responses={200: HealthSerializer, 503: HealthSerializer})
    def get(self, request):
        database = database_answers()
        body = {
            "status": "healthy" if database else "unhealthy",
            "database": database,
            "supabase_connected": supabase_connected(),
            "ai_available": bool(settings.REPLICATE_API_TOKEN),
            "oldest_unclaimed_job_seconds": round(waker.oldest_unclaimed(), 1) if database else None,
        }
        return Response(body, status=200 if database else 503)


def supabase_connected():
    """Whether Supabase admits us; asked anew after some seconds, since whoever watches us asks often."""
    return cache.get_or_set("supabase-connected", services.connected, CONNECTED_SECONDS)


def database_answers():
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    except DatabaseError:
        return False
