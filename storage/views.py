"""The bucket's files over HTTP."""

from django.conf import settings
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.views import APIView

from magikswipe.api.permissions import is_editor
from universes.models import Universe

from .serving import serve


class MediaView(APIView):
    """A picture, clip or song, with ETag and Range; those of a private universe for editors alone."""

    permission_classes = [AllowAny]
    renderer_classes = [JSONRenderer]

    @extend_schema(
        operation_id="media_get",
        responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY, "The file")},
    )
    def get(self, request, slug, name):
        response = serve(request, slug, name) if self._may_see(request, slug) else None
        if response is None:
            raise Http404
        return response

    def _may_see(self, request, slug):
        if settings.API_OPEN or is_editor(request.user):
            return True
        return Universe.objects.filter(slug=slug, is_public=True).exists()
