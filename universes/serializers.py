"""Universes, cards and songs as JSON: what requests bring is checked here, what answers have is described."""

import re
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from api.fields import Body, Boolean, Integer, PageQuery, Query, Text
from storage import signed_urls

from . import media
from .models import (
    Asset,
    AssetPrompts,
    AssetTranslation,
    MusicPrompt,
    Universe,
    UniversePrompts,
    UniverseTranslation,
)
from .names import SLUG, SLUG_LENGTH, is_url
from .queries import NEWEST, ORDERINGS
from .serializer_fields import LYRICS_LENGTH, PROMPT_LENGTH, URL_LENGTH, Language, Name, Translations
from .services import variants

COLOR = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", re.ASCII)
WINTER = {
    "name": "L'hiver",
    "slug": "hiver",
    "default_image_prompt": "{concept}, watercolour for small children, white background",
    "translations": {
        "fr": "L'hiver",
        "en": "Winter",
        "es": "El invierno",
        "it": "L'inverno",
        "de": "Der Winter",
    },
}
SORT_ORDER = {"min_value": -(2**31), "max_value": 2**31 - 1}


@extend_schema_field({"type": "string", "nullable": True, "pattern": f"^{COLOR.pattern}$"})
class Color(Text):
    """`#rgb` or `#rrggbb`."""


# Its schema gets the empty one as an alternative, since it may be blank.
@extend_schema_field(
    {"type": "string", "nullable": True, "pattern": f"^{SLUG.pattern}$", "maxLength": SLUG_LENGTH}
)
class Slug(Text):
    """The name of a universe's folder; an empty one is made from the universe's name."""

    def __init__(self, **options):
        super().__init__(required=False, allow_null=True, allow_blank=True, trim_whitespace=False, **options)


def prompt_field():
    return Text(
        required=False, allow_null=True, allow_blank=True, max_length=PROMPT_LENGTH, trim_whitespace=False
    )


# --- What requests say -------------------------------------------------------------------------------------


class UniverseQuery(PageQuery):
    is_public = serializers.BooleanField(required=False, allow_null=True, default=None)
    search = Text(
        required=False, max_length=200, default="", allow_blank=True, help_text="In name, slug, translations."
    )
    ordering = serializers.ChoiceField(ORDERINGS, required=False, default=NEWEST, help_text="Newest first.")


class UniverseBody(Body):
    """Fields with which a universe is made, and which can be changed."""

    name = Name()
    is_public = Boolean(required=False)
    background_color = Color(required=False, allow_null=True, max_length=100, help_text="#rgb or #rrggbb")
    default_image_prompt = prompt_field()
    default_video_prompt = prompt_field()
    translations = Translations(required=False)

    def validate_background_color(self, value):
        if value is None or COLOR.fullmatch(value):
            return value
        raise serializers.ValidationError("background_color must be a colour such as #1a1a2e or #fff.")


@extend_schema_serializer(examples=[OpenApiExample("A universe", value=WINTER, request_only=True)])
class UniverseCreateSerializer(UniverseBody):
    """A universe to be made; a name is enough."""

    slug = Slug(help_text=f"Made from the name when absent; {SLUG_LENGTH} characters at most.")


class UniversePatchSerializer(UniverseBody):
    """A change of a universe: an absent field stays, a null one is emptied."""

    thumbnail_url = Text(required=False, allow_null=True, allow_blank=True, max_length=URL_LENGTH)
    background_music = Text(required=False, allow_null=True, allow_blank=True, max_length=URL_LENGTH)

    def validate_thumbnail_url(self, value: str | None) -> str | None:
        """A client may send back what it was given; what only stood in for an empty address is not kept."""
        address = self._address("thumbnail_url", value)
        if address == media.thumbnail_url(self.instance):
            return self.instance.thumbnail_url
        return None if media.is_fallback(self.instance.slug, address) else address

    def validate_background_music(self, value: str | None) -> str | None:
        return self._address("background_music", value)

    def _address(self, field: str, value: str | None) -> str | None:
        """An address; of an own file, only the path: a signature expires, and the host may be renamed."""
        if not value:
            return value
        if is_url(value):
            own = self.context["request"].build_absolute_uri("/").rstrip("/")
            path = signed_urls.unsigned(value.removeprefix(own))
            return path if path.startswith(f"{settings.BUCKET_PREFIX}/") else value
        raise serializers.ValidationError(f"{field} must be an address of http or https, or a path.")


class DuplicateSerializer(Body):
    """Name and slug of a universe's copy; both are optional."""

    name = Name(required=False, allow_null=True, help_text="'Copy of …' when absent.")
    slug = Slug(help_text="Made from the name, and a free one, when absent.")


class ImportQuery(Query):
    slug = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        help_text="Another slug than the archive's; rows get ids of their own then.",
    )


class AssetCreateSerializer(Body):
    """A card to be made; a name is enough."""

    display_name = Name()
    sort_order = Integer(required=False, allow_null=True, **SORT_ORDER, help_text="Last when absent.")
    translations = Translations(required=False)
    custom_image_prompt = prompt_field()
    custom_video_prompt = prompt_field()


class AssetPatchSerializer(AssetCreateSerializer):
    """A change of a card: an absent field stays, a null one is emptied."""

    sort_order = Integer(required=False, **SORT_ORDER)


class MusicPromptPatchSerializer(Body):
    """A change of a song: an absent field stays, a null one is emptied."""

    prompt = Text(allow_null=True, allow_blank=True, max_length=PROMPT_LENGTH, trim_whitespace=False)
    lyrics = Text(allow_null=True, allow_blank=True, max_length=LYRICS_LENGTH, trim_whitespace=False)


class MusicPromptCreateSerializer(Body):
    """A song in a language: how it sounds, and what is sung."""

    language = Language()
    prompt = Text(allow_blank=True, max_length=PROMPT_LENGTH, trim_whitespace=False)
    lyrics = Text(allow_blank=True, max_length=LYRICS_LENGTH, trim_whitespace=False)


# --- What answers say --------------------------------------------------------------------------------------


# `universes.representation` makes these answers; the serializers describe them.


def url_field(**options: Any) -> serializers.CharField:
    """The URL of one of the universe's files, signed where strangers may not see it."""
    return serializers.CharField(read_only=True, allow_null=True, **options)


class UniverseItemSerializer(serializers.ModelSerializer):
    thumbnail_url = url_field()
    asset_count = serializers.IntegerField()

    class Meta:
        model = Universe
        fields = ["id", "name", "slug", "thumbnail_url", "is_public", "asset_count", "last_synced_at"]
        read_only_fields = fields


# A list's answer is taken for an array unless it says otherwise.
@extend_schema_serializer(many=False)
class UniversePageSerializer(serializers.Serializer):
    items = UniverseItemSerializer(many=True)
    total = serializers.IntegerField()


class UniversePromptsSerializer(serializers.ModelSerializer):
    univers_id = serializers.IntegerField(source="universe_id")

    class Meta:
        model = UniversePrompts
        fields = ["id", "univers_id", "default_image_prompt", "default_video_prompt"]
        read_only_fields = fields


class UniverseTranslationSerializer(serializers.ModelSerializer):
    class Meta:
        model = UniverseTranslation
        fields = ["id", "language", "name"]
        read_only_fields = fields


class MusicPromptSerializer(serializers.ModelSerializer):
    univers_id = serializers.IntegerField(source="universe_id")

    class Meta:
        model = MusicPrompt
        fields = ["id", "univers_id", "language", "prompt", "lyrics", "created_at"]
        read_only_fields = fields


class SongSerializer(MusicPromptSerializer):
    music_url = url_field()

    class Meta(MusicPromptSerializer.Meta):
        fields = [*MusicPromptSerializer.Meta.fields, "music_url"]
        read_only_fields = fields


class AssetItemSerializer(serializers.ModelSerializer):
    image_url = url_field()
    video_url = url_field()

    class Meta:
        model = Asset
        fields = ["id", "sort_order", "display_name", "image_name", "image_url", "video_url"]
        read_only_fields = fields


class AssetPromptsSerializer(serializers.ModelSerializer):
    asset_id = serializers.UUIDField()

    class Meta:
        model = AssetPrompts
        fields = [
            "id", "asset_id", "custom_image_prompt", "custom_video_prompt", "generation_count",
            "last_generated_at",
        ]  # fmt: skip
        read_only_fields = fields


class AssetTranslationSerializer(serializers.ModelSerializer):
    asset_id = serializers.UUIDField()

    class Meta:
        model = AssetTranslation
        fields = ["id", "asset_id", "language", "display_name"]
        read_only_fields = fields


class AssetSerializer(AssetItemSerializer):
    univers_id = serializers.IntegerField(source="universe_id")
    prompts = AssetPromptsSerializer(allow_null=True)
    translations = AssetTranslationSerializer(many=True)

    class Meta:
        model = Asset
        fields = [
            "id", "univers_id", "sort_order", "image_name", "display_name", "created_at", "updated_at",
            "image_url", "video_url", "prompts", "translations",
        ]  # fmt: skip
        read_only_fields = fields


class UniverseSerializer(UniverseItemSerializer):
    prompts = UniversePromptsSerializer(allow_null=True)
    translations = UniverseTranslationSerializer(many=True)
    music_prompts = SongSerializer(many=True)
    assets = AssetItemSerializer(many=True)

    class Meta:
        model = Universe
        fields = [
            "id", "name", "slug", "thumbnail_url", "is_public", "background_music", "background_color",
            "created_at", "updated_at", "supabase_id", "last_synced_at", "asset_count",
            "prompts", "translations", "music_prompts", "assets",
        ]  # fmt: skip
        read_only_fields = fields


class SongFileSerializer(serializers.Serializer):
    """The song of a language; its words are with the music prompts."""

    language = Language()
    music_url = url_field()


class VariantSerializer(serializers.Serializer):
    """A picture, clip or song that is there, or was until it was replaced."""

    kind = serializers.ChoiceField(variants.KINDS)
    sha256 = serializers.CharField()
    size = serializers.IntegerField(help_text="In bytes.")
    present = serializers.BooleanField(help_text="Whether this is the one that is shown.")
    created_at = serializers.DateTimeField(help_text="When it was replaced; when it came, if it is present.")
    author = serializers.CharField(help_text="Who replaced it.")
    cause = serializers.CharField(
        help_text="What replaced it: `regenerate`, `upload`, `choose`, `pull` and so on."
    )
    url = serializers.CharField(read_only=True)
