"""A universe as neutral rows: plain values by table, as both sides of a sync and all revisions have them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models

from .models import (
    Asset,
    AssetPrompts,
    AssetTranslation,
    MusicPrompt,
    Universe,
    UniversePrompts,
    UniverseTranslation,
)

# Columns to JSON values, ids and times as text; rows by the name of their table.
Row = dict[str, Any]
Rows = dict[str, list[Row]]


@dataclass(frozen=True)
class Table:
    """One mirrored table: its columns as Supabase has them, the column that names its parent, and its natural key.

    `natural`: the columns that make a row unique within its parent, whatever its id.
    """

    model: type[models.Model]
    columns: tuple[str, ...]
    parent: str | None = None
    natural: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    def attribute(self, column: str) -> str:
        """The model's attribute that holds a column."""
        return {"univers_id": "universe_id"}.get(column, column)


UNIVERS = Table(
    Universe,
    (
        "id", "created_at", "updated_at", "name", "slug", "thumbnail_url", "is_public", "owner_id",
        "background_music", "background_color",
    ),
    natural=("slug",),
)  # fmt: skip
UNIVERS_PROMPTS = Table(
    UniversePrompts,
    ("id", "univers_id", "default_image_prompt", "default_video_prompt", "created_at"),
    "univers_id",
)
UNIVERS_TRANSLATIONS = Table(
    UniverseTranslation, ("id", "univers_id", "language", "name"), "univers_id", ("language",)
)
UNIVERS_MUSIC_PROMPTS = Table(
    MusicPrompt,
    ("id", "univers_id", "language", "prompt", "lyrics", "created_at"),
    "univers_id",
    ("language",),
)
UNIVERS_ASSETS = Table(
    Asset,
    ("id", "univers_id", "sort_order", "image_name", "display_name", "created_at", "updated_at"),
    "univers_id",
    ("image_name",),
)
UNIVERS_ASSETS_PROMPTS = Table(
    AssetPrompts,
    ("id", "asset_id", "custom_image_prompt", "custom_video_prompt", "generation_count", "last_generated_at"),
    "asset_id",
)
UNIVERS_ASSETS_TRANSLATIONS = Table(
    AssetTranslation, ("id", "asset_id", "language", "display_name"), "asset_id", ("language",)
)

# Parents before children.
TABLES = (
    UNIVERS,
    UNIVERS_PROMPTS,
    UNIVERS_TRANSLATIONS,
    UNIVERS_MUSIC_PROMPTS,
    UNIVERS_ASSETS,
    UNIVERS_ASSETS_PROMPTS,
    UNIVERS_ASSETS_TRANSLATIONS,
)
CARD_CHILDREN = (UNIVERS_ASSETS_PROMPTS, UNIVERS_ASSETS_TRANSLATIONS)
BY_NAME = {table.name: table for table in TABLES}


def read(universe: Universe) -> Rows:
    """All rows of one universe."""
    return {table.name: [to_row(table, item) for item in _items(table, universe)] for table in TABLES}


def read_card(asset: Asset) -> Rows:
    """The rows of one card alone: the tables that hold cards and no others."""
    found = {UNIVERS_ASSETS: Asset.objects.filter(pk=asset.pk)} | {
        table: table.model._default_manager.filter(asset_id=asset.pk).order_by("pk")
        for table in CARD_CHILDREN
    }
    return {table.name: [to_row(table, item) for item in items] for table, items in found.items()}


def read_song(universe: Universe, language: str) -> Rows:
    """The row of one song prompt alone."""
    songs = universe.music_prompts.filter(language=language)
    return {UNIVERS_MUSIC_PROMPTS.name: [to_row(UNIVERS_MUSIC_PROMPTS, song) for song in songs]}


def _items(table: Table, universe: Universe) -> Iterable[models.Model]:
    if table.parent is None:
        return [universe]
    path = "universe" if table.parent == "univers_id" else "asset__universe"
    return table.model._default_manager.filter(**{path: universe}).order_by("pk")


def to_row(table: Table, item: models.Model) -> Row:
    return {column: _plain(getattr(item, table.attribute(column))) for column in table.columns}


def _plain(value: Any) -> bool | int | str | None:
    if value is None or isinstance(value, bool | int | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
