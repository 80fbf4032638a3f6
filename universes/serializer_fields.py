"""The API's fields of names and languages."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.fields import Text

from . import models
from .models import LANGUAGES
from .names import NAME_LENGTH, typed_name

PROMPT_LENGTH = 5000
LYRICS_LENGTH = 20000
URL_LENGTH = 2000


class Name(Text):
    """A name of a universe or card: one line, without invisible characters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=NAME_LENGTH, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        # Longer than the schema says, it is refused as it is.
        if isinstance(data, str) and len(data) <= NAME_LENGTH:
            data = typed_name(data)
        return super().run_validation(data)


class Language(serializers.ChoiceField):
    """One of our five languages."""

    default_error_messages = {
        "invalid_choice": f"This field must be one of {', '.join(LANGUAGES)}.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=models.Language.choices, **kwargs)

    def to_internal_value(self, data: object) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class ByLanguage(serializers.DictField):
    """`{language: value}`; null where the field allows it."""

    default_error_messages = {
        "not_a_dict": "This field must be an object that maps languages to names.",
        "language": f"This field takes the languages {', '.join(LANGUAGES)} alone.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict) and not set(data) <= set(LANGUAGES):
            self.fail("language")
        return super().to_internal_value(data)


@extend_schema_field(
    {
        "type": "object",
        "nullable": True,
        "properties": {language: {"type": "string", "maxLength": NAME_LENGTH} for language in LANGUAGES},
        "additionalProperties": False,
    }
)
class Translations(ByLanguage):
    """`{language: name}`; null is empty, and so is a language whose name is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Name(allow_blank=True), allow_null=True, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> dict[str, str]:
        return {} if data is None else super().run_validation(data)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        return {language: name for language, name in super().to_internal_value(data).items() if name}
