"""How every error leaves the API: a status and `{"detail": one sentence}`, in English."""

import logging
import re
from collections.abc import Iterator
from itertools import islice
from math import ceil
from typing import Any

from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.signals import got_request_exception
from django.http import Http404, UnreadablePostError
from django.utils.text import Truncator
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from storage.errors import Busy
from storage.names import UnsafeName

from . import failures, registry

# Status, body, headers.
Described = tuple[int, dict[str, Any], dict[str, str]]

# DRF speaks of "this field"; a sentence that is read alone has to name it.
REWRITES = (
    (re.compile(r"^This (field|list|dictionary) "), "{field} "),
    (re.compile(r"^Ensure this value is "), "{field} must be "),
    (re.compile(r"^Ensure this field has "), "{field} must have "),
    (re.compile(r"^A valid (.+) is required\."), r"{field} must be a valid \1."),
    (re.compile(r"^Must be "), "{field} must be "),
)
BODY = "body"
# A field's first so many say what is wrong with a long list, each without what somebody sent that is longer.
MOST_SENTENCES, LONGEST_SENTENCE = 10, 500


def flatten(detail: Any) -> dict[str, list[str]]:
    """DRF's nested errors as `{top-level field: [sentence]}`; what concerns no field is under "body"."""
    if not isinstance(detail, dict):
        detail = {"non_field_errors": detail}
    errors: dict[str, list[str]] = {}
    for key, inner in detail.items():
        field = BODY if key == "non_field_errors" else str(key)
        errors.setdefault(field, []).extend(islice(_sentences(field, inner), MOST_SENTENCES))
    return errors


def _sentences(path: str, detail: Any) -> Iterator[str]:
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from _sentences(_join(path, key), inner)
    elif isinstance(detail, list):
        for inner in detail:
            yield from _sentences(path, inner)
    else:
        yield Truncator(name_field(path, str(detail))).chars(LONGEST_SENTENCE)


def _join(path: str, key: Any) -> str:
    if key == "non_field_errors":
        return path
    return f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}"


def name_field(field: str, text: str) -> str:
    """The sentence with its field's name in it."""
    for pattern, replacement in REWRITES:
        if pattern.search(text):
            return pattern.sub(replacement, text, count=1).replace("{field}", field)
    return text if re.match(rf"({re.escape(field)}|The body)\b", text) else f"{field}: {text}"


def clean(value: Any) -> Any:
    """The same value with every text fit for UTF-8: half of a surrogate pair becomes a question mark."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {clean(key): clean(inner) for key, inner in value.items()}
    return [clean(inner) for inner in value] if isinstance(value, list | tuple) else value


log = logging.getLogger(__name__)

# Django's, and those of the room below; the rooms above register theirs.
registry.register(
    {
        ObjectDoesNotExist: 404,
        RequestDataTooBig: 413,
        SuspiciousOperation: 400,
        UnreadablePostError: 400,
        Busy: 503,
        UnsafeName: 404,
    }
)

# Sentences in place of the exception's own words, which are for developers.
SENTENCES: dict[type[Exception], str] = {
    ObjectDoesNotExist: "It was not found; it was deleted meanwhile.",
    RequestDataTooBig: "The body is too large; send 5 MB at most.",
    SuspiciousOperation: "The request is malformed; check its address and headers.",
    UnreadablePostError: "The body broke off on its way; send it again.",
    UnsafeName: "The file was not found.",
}

CRASHED = "Something went wrong on the server; the details are in its log."
TOO_MANY = "Too many calls within a minute; try again in {} seconds."
NOT_FOUND = "Nothing was found at this address; /docs lists all that there is (not found)."


def handle(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's EXCEPTION_HANDLER: a Response for whatever a view raised."""
    set_rollback()
    status, body, headers = describe(exc)
    if status == 500 or failures.find(exc):
        request = context.get("request")
        path = getattr(request, "path", "?")
        log.error("%s: %s", path, exc, exc_info=status == 500 and exc, extra={"request": request})
    if status == 500:
        # Django sends it for a crash that reaches it.
        got_request_exception.send(sender=handle, request=context.get("request"))
    return Response(clean(body), status=status, headers=headers)


def describe(exc: Exception) -> Described:
    """(status, body, headers) of an exception."""
    if isinstance(exc, exceptions.APIException):
        return _describe_api_exception(exc)
    if isinstance(exc, Http404):
        return 404, {"detail": NOT_FOUND}, {}
    if isinstance(exc, PermissionDenied):
        return 403, {"detail": str(exceptions.PermissionDenied.default_detail)}, {}
    if failure := failures.find(exc):
        return failure.status, {"detail": failure.sentence}, {}
    for cls in type(exc).__mro__:
        if cls in registry.statuses:
            return (
                registry.statuses[cls],
                _domain_body(exc, cls),
                _retry_after(getattr(exc, "retry_after", None)),
            )
    return 500, {"detail": CRASHED}, {}


def _describe_api_exception(exc: exceptions.APIException) -> Described:
    if isinstance(exc, exceptions.ValidationError):
        errors = flatten(exc.detail)
        return 422, {"detail": next(iter(errors.values()))[0], "errors": errors}, {}
    headers = _retry_after(getattr(exc, "wait", None))
    if header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if isinstance(exc, exceptions.Throttled):
        return 429, {"detail": TOO_MANY.format(ceil(exc.wait or 1))}, headers
    status = 422 if isinstance(exc, exceptions.ParseError) else exc.status_code
    return status, {"detail": str(exc.detail)}, headers


def _retry_after(seconds: float | None) -> dict[str, str]:
    return {"Retry-After": str(ceil(seconds))} if seconds else {}


def _domain_body(exc: Exception, cls) -> dict[str, Any]:
    body = {"detail": SENTENCES.get(cls) or str(exc)}
    if errors := getattr(exc, "errors", None):
        body["errors"] = errors
    return {**body, **getattr(exc, "extra", {})}
