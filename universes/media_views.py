"""The bucket's files over HTTP."""

from django.conf import settings
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from api.permissions import has_scope
from api.roles import READ
from api.schema import ELSEWHERE, ErrorSerializer, medium
from storage import signed_urls
from storage.names import is_safe_segment
from storage.serving import serve
from universes.models import Universe


def header(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description)


HEADERS = [
    header("Range", "One range of bytes, `bytes=0-1023`; any other is ignored."),
    header(
        "If-Range", "The ETag or Last-Modified of what one has a part of; the whole comes if it has changed."
    ),
    header("If-None-Match", "The ETag of what one has."),
    header("If-Modified-Since", "The Last-Modified of what one has."),
    header("If-Match", "The ETag that it must have."),
    OpenApiParameter(
        signed_urls.PARAMETER,
        str,
        description="The signature that the addresses in other answers carry, where the universe is private.",
    ),
]
RESPONSES = {
    **medium("The file."),
    **medium("The bytes of the Range; Content-Range says which, of how many.", status=206),
    **ELSEWHERE,
    304: OpenApiResponse(description="What one has is what there is."),
    412: OpenApiResponse(ErrorSerializer, "It has another ETag."),
    416: OpenApiResponse(ErrorSerializer, "The Range lies beyond the end; Content-Range has the length."),
    503: OpenApiResponse(
        ErrorSerializer, "Too many files are being sent; Retry-After says when to ask again."
    ),
}


class MediaView(APIView):
    """A picture, clip or song, with ETag and Range.

    Those of a private universe are for who may read, or has an address with a signature.
    """

    permission_classes = [AllowAny]
    throttle_classes = []
    renderer_classes = [JSONRenderer]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[JSONRenderer, str]:
        """There is nothing to choose from: a file is what it is, and a refusal is JSON."""
        return JSONRenderer(), JSONRenderer.media_type

    @extend_schema(operation_id="media_get", parameters=HEADERS, responses=RESPONSES)
    def get(self, request: Request, slug: str, name: str) -> HttpResponseBase:
        public = _is_for_all(slug)
        response = serve(request, slug, name) if public or _may_see(request, slug, name) else None
        if response is None:
            raise Http404
        if not public:
            patch_cache_control(response, private=True)
        return response


def _is_for_all(slug: str) -> bool:
    # PostgreSQL takes not every text, and no other could be a slug.
    return settings.API_OPEN or (
        is_safe_segment(slug) and Universe.objects.filter(slug=slug, is_public=True).exists()
    )


def _may_see(request: Request, slug: str, name: str) -> bool:
    path = f"{settings.BUCKET_PREFIX}/{slug}/{name}"
    return has_scope(request, READ) or signed_urls.is_signed(path, request.GET.get(signed_urls.PARAMETER))
