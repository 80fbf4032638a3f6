"""The parts that all operations of the OpenAPI schema share: names, tags, errors.

An action's docstring documents the errors that are its own: `400 when its slug is taken.` Those that all calls of a
view have which change something stand in its `fails`, `{status: when}`, and its `asks` names Replicate or Supabase
where its work needs that.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema_serializer
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS

from . import registry
from .permissions import is_guarded, is_public, needed

# The kinds of a medium, each with a content type of its own.
MEDIA_TYPES = ("image/png", "image/jpeg", "video/mp4", "audio/mpeg")
BYTES = "application/octet-stream"

OWN_ERRORS = re.compile(
    r"(?:^|[\s,])(4\d\d) ((?:when|for|beyond|unless|where|in) [^.;]+?)(?=[.;]|, and|, 4\d\d)"
)
# When each of the errors comes that many operations share.
ERRORS = {
    400: "The request is malformed.",
    401: "Nobody is logged in, or the token is unknown, revoked or expired.",
    403: "The login or the token lacks the scope, or a page of another origin asks.",
    404: "It was not found, or the caller may not see it; `detail` contains `not found`.",
    409: "Something else is at it just now; `detail` says what.",
    413: "The body is too large; `detail` says how large it may be.",
    415: "The body is of a type that is not taken here; `detail` says which is.",
    422: "A value is not valid; `errors` has the sentences by field.",
    429: "Too many calls within a minute; Retry-After says in how many seconds to come again.",
    503: "The database or the storage can't be reached, or is busy; come again in a moment.",
    507: "The disk is full; nothing is half done.",
}
UNUSABLE = "{} answered with an error, or with something unusable."
UNREACHABLE = "{} is not configured or can't be reached; `detail` names the variable to set, or what failed."


# Beside `medium`'s, where a server of their own may have the media.
ELSEWHERE = {302: OpenApiResponse(description="Where it is, for some minutes, with `BUCKET_PUBLIC_URL`.")}


def medium(description, *, status=200, kinds=MEDIA_TYPES):
    """For a view that answers with a file: its `responses`, of each of these content types."""
    # Generators that know no media types take the bytes by the first of them.
    return {(status, kind): OpenApiResponse(OpenApiTypes.BINARY, description) for kind in (BYTES, *kinds)}


def takes_file(*kinds: str) -> dict[str, OpenApiTypes]:
    """For a view whose body is a file of these content types: its `request`."""
    return dict.fromkeys((BYTES, *kinds), OpenApiTypes.BINARY)


@extend_schema_serializer(component_name="ApiError")
class ErrorSerializer(serializers.Serializer):
    """The body of every error."""

    detail = serializers.CharField(help_text="One sentence a person can act on.")
    errors = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="The sentences by field, when the request failed validation.",
    )


class AdminLogin(SessionScheme):
    """How the schema names the admin's cookie."""

    target_class = "api.permissions.SessionAuthentication"


class Token(OpenApiAuthenticationExtension):
    """How the schema names a token."""

    target_class = "api.permissions.TokenAuthentication"
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
        # An empty requirement: nothing is asked for.
        asks_nothing = settings.API_OPEN or is_public(self.view.request, self.view)
        return [*([{}] if asks_nothing else []), *super().get_auth()]

    def get_extensions(self):
        """`x-scopes`: one of these is what a closed API asks for; `public` is had by all, for what is public."""
        if not is_guarded(self.view):
            return {}
        request = self.view.request
        return {"x-scopes": ["public"] if is_public(request, self.view) else list(needed(request, self.view))}

    def _resolve_path_parameters(self, variables):
        parameters = super()._resolve_path_parameters(variables)
        for parameter in parameters:
            parameter["description"], more = registry.path_parameters[parameter["name"]]
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
        for status, when in sorted(self._errors().items()):
            answer = OpenApiResponse(ErrorSerializer, when)
            bodies.setdefault(
                str(status), self._get_response_for_code(answer, str(status), direction=direction)
            )
        return bodies

    def _errors(self) -> dict[int, str]:
        """When each error comes: the view's own words, else those that all operations share."""
        own = {int(status): f"{when[0].upper()}{when[1:]}." for status, when in self._said()}
        asks = getattr(self.view, "asks", "")
        services = {502: UNUSABLE.format(asks), 503: UNREACHABLE.format(asks)} if asks else {}
        shared = {} if self.method in SAFE_METHODS else getattr(self.view, "fails", {})
        return {status: ERRORS[status] for status in self._usual()} | services | shared | own

    def _said(self) -> list[tuple[str, str]]:
        return OWN_ERRORS.findall(" ".join(self.get_description().split()))

    def _usual(self) -> list[int]:
        """The errors that an operation shares with others of its kind."""
        changes = is_guarded(self.view) and self.method not in SAFE_METHODS
        return [
            *([401, 403] if is_guarded(self.view) else []),
            *([404] if "{" in self.path else []),
            *([422] if self._takes_input() else []),
            *([429, 507] if changes else []),
            *([503] if is_guarded(self.view) else []),
        ]

    def _takes_input(self):
        return self.method in ("POST", "PUT", "PATCH") or any(
            p["in"] == "query" for p in self._get_parameters()
        )


Node = dict[str, Any]

METHODS = ("get", "put", "post", "patch", "delete")
COMPONENT = "#/components/schemas/"
PARAMETER = re.compile(r"{(\w+)}")
ERROR = {"application/json": {"schema": {"$ref": f"{COMPONENT}ApiError"}}}
OF_BODIES = (400, 413, 415)
SUCCESSES = {"200": "Done.", "201": "Created.", "204": "Deleted."}


def polish(result: Node, generator: Any, request: Any, public: bool) -> Node:
    """A postprocessing hook of drf-spectacular, called with the whole schema; returns it changed."""
    result = _renamed(result)
    schemas = result["components"]["schemas"]
    for node in _nodes(result):
        # Requests and answers have components of their own, so it would tell nothing.
        node.pop("readOnly", None)
    for name, shape in schemas.items():
        if name.endswith("Request"):
            _tell_defaults(shape)
    for operation in _operations(result):
        operation["summary"] = _first_sentence(operation.get("description", ""))
        _describe_body(operation)
        for status, answer in operation["responses"].items():
            if not answer.get("description"):
                answer["description"] = SUCCESSES.get(status) or ERRORS[int(status)]
        for parameter in operation.get("parameters", []):
            _name_values(parameter["schema"], schemas)
    return result


def component_name(name: str) -> str:
    """`UniversePatchRequest` for `PatchedUniversePatchRequest`, `MusicRequest` for `MusicBodyRequest`."""
    return re.sub(r"BodyRequest$", "Request", name.removeprefix("Patched"))


def _renamed(result: Node) -> Node:
    names = {name: component_name(name) for name in result["components"]["schemas"]}
    if clashes := len(names) - len(set(names.values())):
        raise ValueError(f"{clashes} components of the schema would lose their names: {sorted(names)}")
    for node in _nodes(result):
        if "$ref" in node:
            node["$ref"] = COMPONENT + names[node["$ref"].removeprefix(COMPONENT)]
    schemas = result["components"]["schemas"]
    result["components"]["schemas"] = {names[old]: shape for old, shape in schemas.items()}
    return result


def _nodes(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _nodes(inner)


def _operations(result: Node) -> Iterator[Node]:
    for item in result["paths"].values():
        yield from (item[method] for method in METHODS if method in item)


def _tell_defaults(shape: Node) -> None:
    """Say a field's default in its description: generators take a field that has one for required."""
    for name, field in shape.get("properties", {}).items():
        if name not in shape.get("required", []) and "default" in field:
            default = f"Default: {json.dumps(field.pop('default'))}."
            field["description"] = " ".join(filter(None, (field.get("description"), default)))


def _first_sentence(text: str) -> str:
    return re.split(r"[.;](?:\s|$)", " ".join(text.split()), maxsplit=1)[0]


def _describe_body(operation: Node) -> None:
    """The errors of every body; a file must be sent."""
    if body := operation.get("requestBody"):
        body["required"] = body.get("required", False) or BYTES in body["content"]
        for status in OF_BODIES:
            error = {"description": ERRORS[status], "content": ERROR}
            operation["responses"].setdefault(str(status), error)


def _name_values(shape: Node, schemas: Node) -> None:
    """Let a parameter with the values of a named enum refer to that."""
    values = shape.get("enum")
    named = next((name for name, one in schemas.items() if values and one.get("enum") == values), None)
    if named:
        kept = {key: value for key, value in shape.items() if key == "default"}
        shape.clear()
        shape.update(
            {"allOf": [{"$ref": COMPONENT + named}], **kept} if kept else {"$ref": COMPONENT + named}
        )


def add_links(result: Node, generator: Any, request: Any, public: bool) -> Node:
    """A postprocessing hook: what a call made leads to all operations whose path takes no more than that names.

    https://spec.openapis.org/oas/v3.0.3#link-object
    """
    targets = [(set(PARAMETER.findall(path)), item) for path, item in result["paths"].items()]
    for item in result["paths"].values():
        for answer in item.get("post", {"responses": {}})["responses"].values():
            shape = answer.get("content", {}).get("application/json", {}).get("schema", {})
            if named := registry.links.get(shape.get("$ref", "").removeprefix(COMPONENT)):
                answer["links"] = {
                    operation["operationId"]: {"operationId": operation["operationId"], "parameters": named}
                    for taken, other in targets
                    if taken == named.keys()
                    for operation in other.values()
                }
    return result
