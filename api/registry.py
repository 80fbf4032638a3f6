"""Facts that the rooms above register with the API, each once, in its AppConfig."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured

Key = TypeVar("Key")
Value = TypeVar("Value")

# Method, path, and the setting that bounds the body in megabytes.
FileBody = tuple[str, re.Pattern[str], str]
# A sentence for people, and more of the parameter's schema.
PathParameter = tuple[str, dict[str, object]]

# The status by an exception's class; the most special class counts. Such an exception may carry `errors`,
# `{field: [sentence]}`, and `extra`, further fields of the body.
statuses: dict[type[Exception], int] = {}
# The meaning of the words in braces in a path.
path_parameters: dict[str, PathParameter] = {}
# Names of the thing that a POST made, by the component of its answer: path parameters and the runtime expressions
# for them (https://spec.openapis.org/oas/v3.0.3#runtime-expressions).
links: dict[str, dict[str, str]] = {}
# Bodies that are files.
file_bodies: list[FileBody] = []


def register(
    errors: Mapping[type[Exception], int],
    parameters: Mapping[str, PathParameter] | None = None,
    files: Iterable[FileBody] = (),
    made: Mapping[str, dict[str, str]] | None = None,
) -> None:
    """Raises ImproperlyConfigured for what another room has registered otherwise."""
    _add(statuses, errors)
    _add(path_parameters, parameters or {})
    _add(links, made or {})
    file_bodies.extend(files)


def _add(known: dict[Key, Value], added: Mapping[Key, Value]) -> None:
    for key, value in added.items():
        if known.setdefault(key, value) != value:
            raise ImproperlyConfigured(f"{key} is registered twice, and differently.")
