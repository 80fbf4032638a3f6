"""The root of the API, and what is answered where there is nothing."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import defaults
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .errors import CRASHED, NOT_FOUND
from .middleware import is_api, refused

ROOMS = {"universes": "/api/universes", "jobs": "/api/jobs", "sync": "/api/sync/status"}


class RootView(APIView):
    """MagikSwipe's API: where to begin."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response({room: request.build_absolute_uri(path) for room, path in ROOMS.items()})


class NothingView(APIView):
    """404 for whatever method: a path that leads nowhere."""

    renderer_classes = [JSONRenderer]
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404


class SchemaView(SpectacularJSONAPIView):
    """The OpenAPI schema, as plain JSON."""

    renderer_classes = [OpenApiJsonRenderer2]


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return JsonResponse(
            {"detail": "The request is malformed; check its address and headers."}, status=400
        )
    return refused(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return JsonResponse({"detail": "You may not do that."}, status=403)
    if getattr(request.resolver_match, "namespace", "") == "admin":
        return render(request, "admin/forbidden.html", forbidden_context(request, exception), status=403)
    return defaults.permission_denied(request, exception)


def forbidden_context(request: HttpRequest, exception: Exception) -> dict[str, Any]:
    """The admin's frame, and the sentence that came with the refusal, if any."""
    said = str(exception) or _("Your account may not do this; ask an administrator for a group that may.")
    return {**admin.site.each_context(request), "title": _("Not allowed"), "says": said}


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return JsonResponse({"detail": NOT_FOUND}, status=404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if is_api(request):
        return JsonResponse({"detail": CRASHED}, status=500)
    return defaults.server_error(request)
