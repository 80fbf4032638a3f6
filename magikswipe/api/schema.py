"""What every operation of the OpenAPI schema shares: its name, its room, its errors."""

from django.conf import settings
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from universes.models import LANGUAGES
from universes.names import SLUG_LENGTH

from .permissions import is_guarded, is_public, needed

# What the words in braces in a path stand for.
PATH_PARAMETERS = {
    "slug": ("The universe's slug.", {"maxLength": SLUG_LENGTH}),
    "asset_id": ("The card's id.", {"format": "uuid"}),
    "job_id": ("The job's id.", {"format": "uuid"}),
    "revision_id": ("The revision's id.", {"format": "uuid"}),
    "language": ("One of the five languages.", {"enum": list(LANGUAGES)}),
    "sha256": ("The variant's SHA-256, as the list of variants has it.", {"pattern": "^[0-9a-f]{64}$"}),
    "name": ("The file's name, as the addresses in other answers have it.", {}),
}


# The kinds of a medium, each with a content type of its own.
MEDIA_TYPES = ("image/png", "image/jpeg", "video/mp4", "audio/mpeg")


# Beside `medium`'s, where a server of their own may have the media.
ELSEWHERE = {302: OpenApiResponse(description="Where it is, for some minutes, with `BUCKET_PUBLIC_URL`.")}


def medium(description, *, status=200, kinds=MEDIA_TYPES):
    """For a view that answers with a file: its `responses`, of each of these content types."""
    return {(status, kind): OpenApiResponse(OpenApiTypes.BINARY, description) for kind in kinds}


class ErrorSerializer(serializers.Serializer):
    """What every error answers with."""

    detail = serializers.CharField(help_text="One sentence a person can act on.")
    errors = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="The sentences by field, when the request failed validation.",
    )


class AdminLogin(SessionScheme):
    """How the schema names the admin's cookie."""

    target_class = "magikswipe.api.authentication.SessionAuthentication"


class Token(OpenApiAuthenticationExtension):
    """How the schema names a token."""

    target_class = "magikswipe.api.authentication.TokenAuthentication"
    name = "tokenAuth"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer", "bearerFormat": "msk_…"}


class Schema(AutoSchema):
    """DRF views document what they take and give; this adds the rest."""

    def get_operation_id(self):
        """`universes_list`, `jobs_cancel`: the path's words, then what is done unless they say it already."""
        words = [token.replace("-", "_") for token in self._tokenize_path()]
        action = getattr(self.view, "action", None)
        if not action:
            return super().get_operation_id()
        return "_".join(words if words[-1].startswith(action) else [*words, action])

    def get_tags(self):
        return self._tokenize_path()[:1] if self.path.startswith("/api/") else ["system"]

    def get_auth(self):
        if settings.API_OPEN:
            return []
        # An empty requirement: nothing is asked for.
        return [*([{}] if is_public(self.view.request, self.view) else []), *super().get_auth()]

    def get_extensions(self):
        """`x-scopes`: one of these is what a closed API asks for; `public` is had by all, for what is public."""
        if not is_guarded(self.view):
            return {}
        request = self.view.request
        return {"x-scopes": ["public"] if is_public(request, self.view) else list(needed(request, self.view))}

    def _resolve_path_parameters(self, variables):
        parameters = super()._resolve_path_parameters(variables)
        for parameter in parameters:
            parameter["description"], more = PATH_PARAMETERS[parameter["name"]]
            parameter["schema"] = {**parameter["schema"], **more}
        return parameters

    def _get_parameters(self):
        """An empty query parameter counts as absent."""
        found = super()._get_parameters()
        return [{**p, "allowEmptyValue": True} if p["in"] == "query" else p for p in found]

    def _map_serializer_field(self, field, direction, bypass_extensions=False):
        schema = super()._map_serializer_field(field, direction, bypass_extensions)
        may_be_empty = getattr(field, "allow_empty", True)
        return schema if may_be_empty or not schema else {**schema, "minItems": 1}

    def _get_response_bodies(self, direction="response"):
        bodies = super()._get_response_bodies(direction)
        for status in self._errors():
            bodies.setdefault(
                status, self._get_response_for_code(ErrorSerializer, status, direction=direction)
            )
        # 400, 409, 502 and so on: the views' own words say when.
        bodies["default"] = self._get_response_for_code(ErrorSerializer, "default", direction=direction)
        return bodies

    def _errors(self):
        return [
            *(["401", "403"] if is_guarded(self.view) else []),
            *(["404"] if "{" in self.path else []),
            *(["422"] if self._takes_input() else []),
        ]

    def _takes_input(self):
        return self.method in ("POST", "PUT", "PATCH") or any(
            p["in"] == "query" for p in self._get_parameters()
        )
