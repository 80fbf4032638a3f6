"""Addresses whose views fail in each way a view can, for the tests of how errors leave."""

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.urls import path
from rest_framework.exceptions import Throttled
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.errors import Busy, NotPossible
from jobs.models import Job
from magikswipe import urls

FAILURES = {
    "crash": ZeroDivisionError("secret words"),
    "suspicious": SuspiciousOperation("secret words"),
    "large": RequestDataTooBig("secret words"),
    "database": OperationalError("secret words"),
    "forbidden": PermissionDenied("secret words"),
    "vanished": Job.DoesNotExist("secret words"),
    "throttled": Throttled(wait=7.5),
    "impossible": NotPossible("The job has ended."),
    "busy": Busy(Job(pk="5a3c5f4e-0000-4000-8000-000000000000")),
}


class Failing(APIView):
    def get(self, request, kind):
        raise FAILURES[kind]

    def post(self, request, kind):
        return Response(request.data)


def crash(request, kind="crash"):
    raise FAILURES[kind]


urlpatterns = [
    path("api/fail/<str:kind>", Failing.as_view()),
    path("api/plain/<str:kind>", crash),
    path("plain/<str:kind>", crash),
    *urls.urlpatterns,
]

handler400, handler403, handler404, handler500 = (
    urls.handler400,
    urls.handler403,
    urls.handler404,
    urls.handler500,
)
