"""Bodies and answers of the API of generation."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from api.fields import Body, Boolean, Dollars, Id, Integer, List, Query, Text
from universes.models import LANGUAGES
from universes.names import NAME_LENGTH
from universes.serializer_fields import LYRICS_LENGTH, ByLanguage, Language, Name

from . import kinds
from .models import ChargeKind

THEME_LENGTH = 300
MOST_CONCEPTS = 50
# Of cards that are made in one go, and of those that one call may name.
MOST_CARDS, MOST_IDS = 1000, 10_000
# The kinds of gaps.
KINDS = list(kinds.GAPS)
ESTIMATE = "estimate"
ESTIMATES = [ESTIMATE]
TWO = {
    "concepts": ["Flocon", "Pingouin"],
    "translations": {
        "fr": ["Flocon", "Pingouin"],
        "en": ["Snowflake", "Penguin"],
        "es": ["Copo de nieve", "Pingüino"],
        "it": ["Fiocco di neve", "Pinguino"],
        "de": ["Schneeflocke", "Pinguin"],
    },
}
LEAST_STYLE, MOST_STYLE = 10, 300


def theme_field() -> Text:
    return Text(max_length=THEME_LENGTH)


def count_field() -> Integer:
    return Integer(min_value=1, max_value=MOST_CONCEPTS, required=False, default=10)


def some_of(child: serializers.Field[Any, Any, Any, Any], most: int, help_text: str) -> List:
    """A list that may be left out, and if not has something in it, and no more than `most`."""
    return List(
        child=child,
        max_length=most,
        required=False,
        allow_null=True,
        allow_empty=False,
        help_text=help_text,
    )


class ConceptsBody(Body):
    """A theme to find cards for."""

    theme = theme_field()
    count = count_field()
    language = Language(required=False, default="fr")


class NamesByLanguageSerializer(serializers.Serializer[Any]):
    """The concepts' names in each language, in the order of the concepts."""

    fr = serializers.ListField(child=serializers.CharField())
    en = serializers.ListField(child=serializers.CharField())
    es = serializers.ListField(child=serializers.CharField())
    it = serializers.ListField(child=serializers.CharField())
    de = serializers.ListField(child=serializers.CharField())


@extend_schema_serializer(examples=[OpenApiExample("Two concepts", value=TWO, response_only=True)])
class ConceptsSerializer(serializers.Serializer[Any]):
    """Names for cards, to be applied as they are or edited."""

    concepts = serializers.ListField(child=serializers.CharField())
    translations = NamesByLanguageSerializer(help_text="The same in all five languages.")


NAMES = {"type": "array", "items": {"type": "string", "maxLength": NAME_LENGTH}, "maxItems": MOST_CARDS}


@extend_schema_field(
    {
        "type": "object",
        "nullable": True,
        "properties": dict.fromkeys(LANGUAGES, NAMES),
        "additionalProperties": False,
    }
)
class NamesByLanguage(ByLanguage):
    """`{language: [name, …]}`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=List(child=Name(), max_length=MOST_CARDS), **kwargs)


@extend_schema_serializer(examples=[OpenApiExample("Two concepts", value=TWO, request_only=True)])
class ApplyBody(Body):
    """The cards' names; the answer of `concepts`, edited or not."""

    concepts = List(child=Name(), allow_empty=False, max_length=MOST_CARDS)
    translations = NamesByLanguage(
        required=False,
        allow_null=True,
        help_text=f"By language ({', '.join(LANGUAGES)}), each as long as the concepts.",
    )


class AppliedSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message = serializers.CharField()
    asset_count = serializers.IntegerField()


class CardsBody(Body):
    """Cards to draw or animate, and whether those that exist are made anew."""

    asset_ids = some_of(Id(), MOST_IDS, "All assets when absent or null.")
    regenerate = Boolean(required=False, default=False)


class MusicBody(Body):
    """In which languages to sing."""

    language = Language(required=False, default="fr")
    languages = some_of(Language(), len(LANGUAGES), "Instead of one language.")
    style = Text(  # type: ignore[assignment]  # a field of that name
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="Used where no prompt is stored.",
        min_length=LEAST_STYLE,
        max_length=MOST_STYLE,
    )


class GenerateAllBody(Body):
    """A theme, and what to make of it."""

    theme = theme_field()
    count = count_field()
    generate_videos = Boolean(required=False, default=True)
    generate_music = Boolean(required=False, default=True)
    regenerate = Boolean(required=False, default=False)


class NamesBody(Body):
    """Cards to name, and the languages."""

    asset_ids = some_of(Id(), MOST_IDS, "All assets when absent or null.")
    languages = some_of(Language(), len(LANGUAGES), "All five when absent or null.")


class IdeasBody(Body):
    """A theme to find cards for that the universe does not have."""

    theme = theme_field()
    count = count_field()
    language = Language(required=False, default="fr")


class TranslatedLyricsBody(Body):
    """Languages that are to have the lyrics of another one."""

    languages = List(child=Language(), allow_empty=False, max_length=len(LANGUAGES))
    source = Language(required=False, default="fr")  # type: ignore[assignment]  # a field of that name
    replace = Boolean(
        required=False, default=False, help_text="Also where there are lyrics; they stay as a revision."
    )


class GapsBody(Body):
    """Kinds of gaps to fill."""

    kinds = some_of(serializers.ChoiceField(choices=KINDS), len(KINDS), "All when absent or null.")
    theme = Text(
        max_length=THEME_LENGTH,
        required=False,
        default="",
        allow_blank=True,
        help_text="What lyrics are about, where there are none in any language.",
    )
    dry_run = Boolean(required=False, default=False, help_text="Only tell what would be made, and its cost.")


@extend_schema_serializer(component_name="GapEstimate")
class GapKindSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(KINDS)
    number = serializers.IntegerField(help_text="How many gaps are filled.")
    cost = Dollars(allow_null=True, help_text="Null where a price is not known.")


@extend_schema_serializer(component_name="GapsEstimate")
class GapsSerializer(serializers.Serializer[Any]):
    """The things that filling gaps would make, and their cost: the answer to `dry_run`."""

    type = serializers.ChoiceField(ESTIMATES, help_text="Tells it from a job.")
    kinds = GapKindSerializer(many=True)
    total = Dollars(allow_null=True, help_text="Null where a price is not known.")
    left_out = serializers.ListField(
        child=serializers.CharField(), help_text="What can't be made and why, a sentence each."
    )


class LyricsBody(Body):
    """French lyrics to be translated."""

    lyrics = Text(max_length=LYRICS_LENGTH, trim_whitespace=False)


class LyricsSerializer(serializers.Serializer[Any]):
    lyrics = serializers.CharField()


class TranslateBody(Body):
    """A text, its language and the one that is wanted."""

    text = Text(max_length=LYRICS_LENGTH, trim_whitespace=False)
    source = Language()  # type: ignore[assignment]  # a field of that name
    target = Language()


class TranslatedSerializer(serializers.Serializer[Any]):
    translated = serializers.CharField()


class CostsQuery(Query):
    month = serializers.RegexField(
        r"^2\d{3}-(0[1-9]|1[0-2])\Z",
        required=False,
        default=None,
        help_text="As 2026-11; this month when absent.",
        error_messages={"invalid": "This field must be a month, written as 2026-11."},
    )


class UniverseCostSerializer(serializers.Serializer[Any]):
    univers_slug = serializers.CharField(help_text="Empty for what belongs to no universe.")
    spent = Dollars()


class KindCostSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(ChargeKind.choices)
    spent = Dollars()


class CostsSerializer(serializers.Serializer[Any]):
    month = serializers.CharField()
    limit = Dollars(allow_null=True, help_text="SPEND_LIMIT_MONTHLY; null where there is none.")
    spent = Dollars()
    reserved = Dollars(help_text="For what is being made just now; it counts against the limit too.")
    unpriced = serializers.IntegerField(help_text="Predictions whose price is not known.")
    universes = UniverseCostSerializer(many=True)
    kinds = KindCostSerializer(many=True)


class ReceivedSerializer(serializers.Serializer[Any]):
    received = serializers.BooleanField()
