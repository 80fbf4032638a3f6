"""The OpenAPI schemas that models publish of their versions, read once an hour at most.

https://replicate.com/docs/reference/http#models.get
"""

from dataclasses import dataclass, field
from math import inf
from typing import Any

from django.conf import settings
from django.core.cache import cache

from storage.messages import gettext as _

from . import provider
from .errors import CannotGenerate

LIFETIME_SECONDS = 3600


@dataclass(frozen=True)
class Schema:
    """A model's input: `properties` by name, each a JSON schema without references, and which are `required`."""

    model: str
    properties: dict[str, dict[str, Any]]
    required: list[str] = field(default_factory=list)

    def first(self, names: tuple[str, ...], types: tuple[str, ...]) -> str | None:
        """The first of these names that the input has as one of these types, free to choose; None when none."""
        return next((name for name in names if self._is_free(name, types)), None)

    def _is_free(self, name: str, types: tuple[str, ...]) -> bool:
        there = self.properties.get(name, {})
        return there.get("type") in types and "enum" not in there

    def lengths(self, name: str) -> tuple[int, int | None]:
        """(least, most) characters of a text; `most` is None where the schema names no limit."""
        there = self.properties.get(name, {})
        return there.get("minLength", 0), there.get("maxLength")

    def nearest(self, name: str, number: float) -> Any:
        """The number of the field's range that comes nearest to this one."""
        there = self.properties[name]
        return max(there.get("minimum", -inf), min(there.get("maximum", inf), number))

    def problem(self, name: str, value: Any) -> str:
        """The fault of a value that is no text or file, as words; empty when it has none."""
        there = self.properties[name]
        if "enum" in there:
            return "" if value in there["enum"] else f"is not among {', '.join(map(str, there['enum']))}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return ""
        return "" if self.nearest(name, value) == value else f"is not within {_range(there)}"


def _range(there: dict[str, Any]) -> str:
    return f"{there.get('minimum', '…')} to {there.get('maximum', '…')}"


def of(model: str) -> Schema:
    """The Schema of owner/name or owner/name:version, at most an hour old; raises what `read` raises."""
    key = f"schema:{settings.REPLICATE_BASE_URL}:{model}"
    found: Schema | None = cache.get(key)
    if found is None:
        found = read(model)
        cache.set(key, found, LIFETIME_SECONDS)
    return found


def read(model: str) -> Schema:
    """The Schema as it is published now. CannotGenerate for a model that publishes none, ProviderErrors."""
    version = provider.version(model)
    try:
        schemas = version["openapi_schema"]["components"]["schemas"]
        given = schemas["Input"]
        properties = {name: _usable(resolved(one, schemas)) for name, one in given["properties"].items()}
        required = [name for name in given.get("required") or [] if name in properties]
    except provider.NONSENSE:
        raise CannotGenerate(
            _("'%(model)s' publishes no schema of its input; configure another model.") % {"model": model}
        ) from None
    return Schema(model, properties, required)


# The keys of a property that are used here, with their types; a bool is not a number.
USED = {"minLength": int, "maxLength": int, "minimum": int | float, "maximum": int | float, "enum": list}


def _usable(one: dict[str, Any]) -> dict[str, Any]:
    """A property without what is not of the type that JSON Schema gives it."""
    return {
        name: value
        for name, value in one.items()
        if name not in USED or (isinstance(value, USED[name]) and not isinstance(value, bool))
    }


def resolved(one: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """A property with what it refers to, in the two ways of Cog: `allOf` one reference, `anyOf` a type and null."""
    merged = dict(one)
    parts = [*one.get("allOf", []), *(part for part in one.get("anyOf", []) if part.get("type") != "null")]
    for part in parts:
        name = part.get("$ref", "").rpartition("/")[2]
        merged = {**(schemas[name] if name else part), **merged}
    return merged
