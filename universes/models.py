"""The seven tables that Supabase has too, under its names, and our own: revisions, edits, name keys."""

import uuid
from typing import Any

from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from api.models import IdempotencyKey

from .fields import CascadeKey, CascadeOneToOne
from .name_keys import NamedQuerySet


class Language(models.TextChoices):
    FRENCH = "fr", _("French")
    ENGLISH = "en", _("English")
    SPANISH = "es", _("Spanish")
    ITALIAN = "it", _("Italian")
    GERMAN = "de", _("German")


LANGUAGES = tuple(Language.values)


def one_of_our_languages(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=models.Q(language__in=LANGUAGES), name=name)


def uuid_key() -> "models.UUIDField[uuid.UUID | str, uuid.UUID]":
    return models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)


class Universe(models.Model):
    """A theme with its cards. Columns that are nullable in Supabase are nullable here, so that a pull fits in."""

    name = models.TextField(_("name"))
    slug = models.TextField(_("slug"), unique=True, help_text=_("Names the media folder and never changes."))
    thumbnail_url = models.TextField(_("thumbnail address"), null=True, blank=True)  # noqa: DJ001
    is_public = models.BooleanField(_("public"), null=True, default=True)
    owner_id = models.UUIDField(null=True, blank=True, editable=False)
    background_music = models.TextField(_("background music"), null=True, blank=True)  # noqa: DJ001
    background_color = models.TextField(_("background colour"), null=True, blank=True, default="#1a1a2e")  # noqa: DJ001
    created_at = models.DateTimeField(_("created"), null=True, default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), null=True, default=timezone.now, editable=False)
    supabase_id = models.BigIntegerField(null=True, blank=True, unique=True, editable=False)
    last_synced_at = models.DateTimeField(_("last synced"), null=True, blank=True, editable=False)

    idempotency_keys = GenericRelation(IdempotencyKey, "answer_id", "answer_type")

    objects = NamedQuerySet.as_manager()

    class Meta:
        db_table = "univers"
        ordering = ["-created_at", "-id"]
        verbose_name = _("universe")
        verbose_name_plural = _("universes")
        # Beside Django's own: what costs money, and what children see.
        permissions = [
            ("generate_universe", "Can generate for universes, which costs money"),
            ("publish_universe", "Can pull, push, unpublish and restore universes"),
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="univers_newest")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(slug__regex=r"^[a-z0-9]+([-_][a-z0-9]+)*$"),
                name="univers_slug_is_a_folder_name",
            )
        ]

    def __str__(self) -> str:
        return self.name


class UniversePrompts(models.Model):
    id = uuid_key()
    universe = CascadeOneToOne(Universe, db_column="univers_id", related_name="prompts")
    default_image_prompt = models.TextField(_("picture prompt"), null=True, blank=True)  # noqa: DJ001
    default_video_prompt = models.TextField(_("clip prompt"), null=True, blank=True)  # noqa: DJ001
    created_at = models.DateTimeField(null=True, default=timezone.now, editable=False)

    class Meta:
        db_table = "univers_prompts"
        verbose_name = _("default prompts")
        verbose_name_plural = _("default prompts")

    def __str__(self) -> str:
        return str(self.universe_id)


class UniverseTranslation(models.Model):
    id = uuid_key()
    universe = CascadeKey(Universe, db_column="univers_id", related_name="translations")
    language = models.TextField(_("language"), choices=Language.choices)
    name = models.TextField(_("name"), null=True)  # noqa: DJ001

    objects = NamedQuerySet.as_manager()

    class Meta:
        db_table = "univers_translations"
        ordering = ["language"]
        verbose_name = _("name in a language")
        verbose_name_plural = _("names in five languages")
        constraints = [
            models.UniqueConstraint(fields=["universe", "language"], name="univers_one_name_per_language"),
            one_of_our_languages("univers_translations_language"),
        ]

    def __str__(self) -> str:
        return f"{self.language}: {self.name}"


class MusicPrompt(models.Model):
    id = uuid_key()
    universe = CascadeKey(Universe, db_column="univers_id", related_name="music_prompts")
    language = models.TextField(_("language"), choices=Language.choices)
    prompt = models.TextField(_("style"), null=True)  # noqa: DJ001
    lyrics = models.TextField(_("lyrics"), null=True)  # noqa: DJ001
    created_at = models.DateTimeField(null=True, default=timezone.now, editable=False)

    class Meta:
        db_table = "univers_music_prompts"
        ordering = ["language"]
        verbose_name = _("song")
        verbose_name_plural = _("songs")
        constraints = [
            models.UniqueConstraint(fields=["universe", "language"], name="univers_one_song_per_language"),
            one_of_our_languages("univers_music_prompts_language"),
        ]

    def __str__(self) -> str:
        return str(self.get_language_display())


class Asset(models.Model):
    """A card: `image_name` is its picture's file name and, with .mp4 as its suffix, its clip's."""

    id = uuid_key()
    universe = CascadeKey(Universe, db_column="univers_id", related_name="assets")
    sort_order = models.IntegerField(_("order"), null=True)
    image_name = models.TextField(_("picture file"), editable=False)
    display_name = models.TextField(_("name"), null=True)  # noqa: DJ001
    created_at = models.DateTimeField(null=True, default=timezone.now, editable=False)
    updated_at = models.DateTimeField(null=True, default=timezone.now, editable=False)

    objects = NamedQuerySet.as_manager()

    class Meta:
        db_table = "univers_assets"
        ordering = ["sort_order", "image_name"]
        verbose_name = _("card")
        verbose_name_plural = _("cards")
        constraints = [
            models.UniqueConstraint(fields=["universe", "image_name"], name="univers_one_card_per_file"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.image_name


class AssetPrompts(models.Model):
    id = uuid_key()
    asset = CascadeOneToOne(Asset, related_name="prompts")
    custom_image_prompt = models.TextField(_("own picture prompt"), null=True, blank=True)  # noqa: DJ001
    custom_video_prompt = models.TextField(_("own clip prompt"), null=True, blank=True)  # noqa: DJ001
    generation_count = models.IntegerField(_("times generated"), null=True, default=1, editable=False)
    last_generated_at = models.DateTimeField(_("last generated"), null=True, blank=True, editable=False)

    class Meta:
        db_table = "univers_assets_prompts"
        verbose_name = _("own prompts")
        verbose_name_plural = _("own prompts")

    def __str__(self) -> str:
        return str(self.asset_id)


class AssetTranslation(models.Model):
    id = uuid_key()
    asset = CascadeKey(Asset, related_name="translations")
    language = models.TextField(_("language"), choices=Language.choices)
    display_name = models.TextField(_("name"), null=True)  # noqa: DJ001

    objects = NamedQuerySet.as_manager()

    class Meta:
        db_table = "univers_assets_translations"
        ordering = ["language"]
        verbose_name = _("name in a language")
        verbose_name_plural = _("names in five languages")
        constraints = [
            models.UniqueConstraint(fields=["asset", "language"], name="asset_one_name_per_language"),
            one_of_our_languages("univers_assets_translations_language"),
        ]

    def __str__(self) -> str:
        return f"{self.language}: {self.display_name}"


def key_of(model: type[models.Model]) -> CascadeOneToOne[Any, Any]:
    """Deleted by the database, with its row."""
    return CascadeOneToOne(model, models.DO_NOTHING, null=True, related_name="key")


class NameKey(models.Model):
    """A name as searches compare it and lists are sorted by (`name_keys.fold`), of one row of one of four tables."""

    universe = key_of(Universe)
    universe_translation = key_of(UniverseTranslation)
    asset = key_of(Asset)
    asset_translation = key_of(AssetTranslation)
    text = models.TextField()

    class Meta:
        db_table = "name_keys"
        default_permissions = ()

    def __str__(self) -> str:
        return self.text


class Edit(models.Model):
    """A word that somebody changed: of the universe, of a card (`subject`: its file) or of a song (its language).

    An empty `field` says that the card or song was made. Stays for as long as revisions do.
    """

    universe = CascadeKey(Universe, related_name="edits")
    kind = models.TextField(_("what"))
    subject = models.TextField(default="", blank=True)
    label = models.TextField(_("of"))
    field = models.TextField(_("field"), default="", blank=True)
    old = models.TextField(_("before"), default="", blank=True)
    new = models.TextField(_("after"), default="", blank=True)
    author = models.TextField(_("who"), default="", blank=True)
    # The type of the job that changed it, which the author started; empty where they did it themselves.
    job = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        db_table = "edits"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["universe", "-created_at", "-id"], name="edits_newest")]
        verbose_name = _("change")
        verbose_name_plural = _("changes")

    def __str__(self) -> str:
        return f"{self.label}: {self.field}"


# Why a revision was made, in an editor's words.
CAUSES = {
    "delete": _("universe deleted"),
    "delete_card": _("card deleted"),
    "delete_song": _("song deleted"),
    "apply_concepts": _("cards replaced by concepts"),
    "regenerate": _("generated again"),
    "translate_lyrics": _("lyrics translated"),
    "late_result": _("result that came too late"),
    "upload": _("replaced by an upload"),
    "choose": _("earlier version chosen"),
    "pull": _("pulled from Supabase"),
    "push": _("pushed to Supabase"),
    "unpublish": _("taken out of Supabase"),
    "restore": _("restored from a revision"),
}


class Revision(models.Model):
    """A universe before something replaced it: rows as JSON, and the files that changed by hash.

    `rows` has the archived tables: all of a universe, or those of one card or song. The files' bytes lie in
    the archive under their SHA-256; null says that there was no such file. It outlives its universe on purpose.
    """

    id = uuid_key()
    univers_slug = models.TextField(_("universe"), db_index=True)
    cause = models.TextField(_("cause"))
    author = models.TextField(_("author"), default="", blank=True)
    created_at = models.DateTimeField(_("when"), default=timezone.now)
    rows = models.JSONField(_("rows"))
    files = models.JSONField(_("files"), default=dict, help_text=_("File name to SHA-256."))
    # Names of files that still have to be moved out of the bucket, null once they are.
    leaving = models.JSONField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        # Without it, each search would read past the archived rows of all revisions.
        indexes = [
            models.Index(
                fields=["univers_slug"], name="revision_unfinished", condition=models.Q(leaving__isnull=False)
            )
        ]
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")

    def __str__(self) -> str:
        return f"{self.univers_slug}: {CAUSES.get(self.cause, self.cause)}"
