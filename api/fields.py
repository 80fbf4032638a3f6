"""Fields that take nothing that merely looks like what they say, and how bodies, queries and pages are read."""

from functools import lru_cache
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.request import Request


class Text(serializers.CharField):
    """Text alone: a number or a boolean is none. What surrounds it counts to its length, and is left away."""

    default_error_messages = {"invalid": "This field must be a text."}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        # As the schema has it: the validator sees what is left.
        if self.max_length and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


class Boolean(serializers.BooleanField):
    """`true` or `false` alone: "false" in quotes must never be read as yes."""

    default_error_messages = {"invalid": "This field must be true or false."}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class Integer(serializers.IntegerField):
    """A whole number: no text that looks like one, no 5.0, no boolean."""

    default_error_messages = {"invalid": "This field must be a whole number."}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class Dollars(serializers.FloatField):
    """An amount as it leaves: a number with at most four decimals. Inside, amounts are Decimals."""

    def __init__(self, help_text: str = "", **kwargs: Any) -> None:
        unit = "US dollars, at most four decimals."
        super().__init__(read_only=True, help_text=f"{unit} {help_text}".strip(), **kwargs)


class Id(serializers.UUIDField):
    """A UUID as a text; a number is none."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class List(serializers.ListField):
    """A list of at most `max_length` items: none of a longer one is looked at, and none behind one that is wrong."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, list) and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)

    def run_child_validation(self, data: Any) -> list[Any]:
        return [self._checked(index, item) for index, item in enumerate(data)]

    def _checked(self, index: int, item: Any) -> Any:
        try:
            return self.child.run_validation(item)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({index: error.detail}) from None


class Body(serializers.Serializer):
    """A request's body: a JSON object; fields it does not know are ignored."""

    @classmethod
    def read(cls, request: Request, instance: Any = None) -> dict[str, Any]:
        """The validated fields that were given, of a change when there is an instance; or ValidationError."""
        if not isinstance(request.data, dict):
            raise serializers.ValidationError({"body": ["The body must be a JSON object."]})
        data = {name: value for name, value in request.data.items() if not _is_stored(instance, name, value)}
        options = {"partial": instance is not None, "context": {"request": request}}
        return validated(cls(instance, data=data, **options))


def _is_stored(instance: Model | None, name: str, value: object) -> bool:
    """Whether a change would leave a column as it is; then no rule of today is asked, whatever is in it."""
    columns = {field.attname for field in instance._meta.concrete_fields} if instance else set()
    stored = getattr(instance, name) if name in columns else ...
    return type(stored) is type(value) and stored == value


class Query(serializers.Serializer):
    """A request's query parameters; an empty one counts as absent."""

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """The validated parameters with their defaults; or ValidationError."""
        return validated(cls(data=cls.given(request)))

    @classmethod
    def given(cls, request: Request) -> dict[str, str]:
        """The parameters that it knows and that are not empty, as they came."""
        found = {name: request.query_params.get(name, "") for name in cls._declared_fields}
        return {name: value for name, value in found.items() if value != ""}


def validated(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    """The validated data of a serializer; or ValidationError."""
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


LARGEST = 2**63 - 1
PAGE = 50
LONGEST_PAGE = 100


class LimitQuery(Query):
    """Says the same each time that it is asked the same, so that it is looked at closely but once."""

    limit = serializers.IntegerField(min_value=1, max_value=LONGEST_PAGE, default=PAGE)

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        return dict(_read(cls, tuple(cls.given(request).items())))


class PageQuery(LimitQuery):
    skip = serializers.IntegerField(min_value=0, max_value=LARGEST, default=0)


@lru_cache(maxsize=64)
def _read(query: type[Query], given: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return validated(query(data=dict(given)))


def page(queryset: QuerySet[Any], skip: int, limit: int) -> dict[str, Any]:
    """`{"items": one page's objects, "total": the number of all}`."""
    return {"items": list(queryset[skip : min(skip + limit, LARGEST)]), "total": queryset.count()}
