"""Universes, cards and songs as the API answers with them: values of their rows, with the URLs of their files.

Each takes a constant number of statements, however many rows there are. The serializers describe the same fields, in
the same order, for the schema.
"""

from collections.abc import Container
from operator import itemgetter
from typing import Any

from django.db.models import QuerySet

from storage import signed_urls

from . import media, queries
from .models import Asset, AssetTranslation, MusicPrompt, Universe
from .names import SLUG, clip_of, music_name
from .services import universes
from .services.variants import Variant

Values = dict[str, Any]

ITEM = ("id", "name", "slug", "thumbnail_url", "is_public", "asset_count", "last_synced_at")
UNIVERSE = (
    "id", "name", "slug", "thumbnail_url", "is_public", "background_music", "background_color", "created_at",
    "updated_at", "supabase_id", "last_synced_at",
)  # fmt: skip
PROMPTS = ("id", "default_image_prompt", "default_video_prompt")
NAME = ("id", "language", "name")
CARD_ITEM = ("id", "sort_order", "display_name", "image_name")
CARD = ("id", "universe_id", "sort_order", "image_name", "display_name", "created_at", "updated_at")
CARD_PROMPTS = (
    "id", "custom_image_prompt", "custom_video_prompt", "generation_count", "last_generated_at",
)  # fmt: skip
FOLDER = ("slug", "is_public")
SONG = ("id", "universe_id", "language", "prompt", "lyrics", "created_at")
VARIANT = ("kind", "sha256", "size", "present", "created_at", "author", "cause")
# Columns with another name in our models.
COLUMNS = {"universe_id": "univers_id"}


def _joined(relation: str, fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{relation}__{field}" for field in fields)


# Without their filters: writing them takes Django longer than the database takes to answer.
ITEMS = queries.COUNTED.values(*ITEM)
UNIVERSES = Universe.objects.order_by().values(
    *UNIVERSE, *_joined("prompts", PROMPTS), *_joined("translations", NAME)
)
FOLDERS = Universe.objects.order_by().values("id", *FOLDER)
SONGS = MusicPrompt.objects.order_by().values(*SONG)
CARDS = Asset.objects.values(*CARD_ITEM)


def page(everything: bool, skip: int, limit: int, **query: Any) -> Values:
    """`{"items": one page, "total": the number of all}` of universes; `query` as `queries.listing` takes it.

    `everything`, here and below: private universes, too.
    """
    found = queries.listing(ITEMS if everything else ITEMS.filter(is_public=True), **query)
    # One more tells whether there are more to count.
    items = list(found[skip : skip + limit + 1])
    total = skip + len(items) if items and len(items) <= limit else found.count()
    del items[limit:]
    for item in items:
        _resolve_thumbnail(item)
    return {"items": items, "total": total}


def universe(slug: str, everything: bool = True) -> Values:
    """One universe with all that belongs to it. Raises NotFound."""
    # A row for each of its names: a statement takes Django longer to write than these rows take to read.
    rows = _universe(UNIVERSES, slug, everything)
    names = [_taken(row, "translations", NAME) for row in rows]
    row, files = rows[0], media.present(slug)
    prompts = _taken(row, "prompts", PROMPTS)
    _resolve_thumbnail(row, files)
    cards = _cards(row, files)
    return {
        **row,
        "asset_count": len(cards),
        "prompts": prompts and {"id": prompts.pop("id"), "univers_id": row["id"], **prompts},
        "translations": sorted(filter(None, names), key=itemgetter("language")),
        "music_prompts": [
            {**song, "music_url": _url(row, music_name(song["language"]), files)} for song in _songs(row)
        ],
        "assets": cards,
    }


def cards(slug: str, everything: bool) -> list[Values]:
    """The cards of a universe in their order. Raises NotFound."""
    [row] = _universe(FOLDERS, slug, everything)
    return _cards(row, media.present(slug))


def card(asset: Asset) -> Values:
    """One card, read anew, with its prompts and names."""
    row = Asset.objects.values(*CARD, *_joined("prompts", CARD_PROMPTS), *_joined("universe", FOLDER)).get(
        pk=asset.pk
    )
    folder = {name: row.pop(f"universe__{name}") for name in FOLDER}
    prompts = _taken(row, "prompts", CARD_PROMPTS)
    names = AssetTranslation.objects.filter(asset=asset.pk)
    return {
        **_by_column(row),
        **_card_urls(folder, row["image_name"], media.present(folder["slug"])),
        "prompts": prompts and {"id": prompts.pop("id"), "asset_id": row["id"], **prompts},
        "translations": list(names.values("id", "asset_id", "language", "display_name")),
    }


def songs(slug: str, everything: bool) -> list[Values]:
    """The song prompts of a universe. Raises NotFound."""
    [row] = _universe(FOLDERS, slug, everything)
    return _songs(row)


def song(prompt: MusicPrompt) -> Values:
    """One song prompt, read anew."""
    return _by_column(SONGS.get(pk=prompt.pk))


def song_file(universe: Universe, language: str) -> Values:
    """A language, and the URL of the song in it."""
    folder = {"slug": universe.slug, "is_public": universe.is_public}
    url = _url(folder, music_name(language), media.present(universe.slug))
    return {"language": language, "music_url": url}


def variants(found: list[Variant], path: str) -> list[Values]:
    """The variants of a card or a song; each has its URL below `path`, signed: strangers see none."""
    return [
        {name: getattr(one, name) for name in VARIANT}
        | {"url": signed_urls.media_url(f"{path}/{one.sha256}", public=False)}
        for one in found
    ]


def _universe(found: QuerySet[Universe, Values], slug: str, everything: bool) -> list[Values]:
    visible = {} if everything else {"is_public": True}
    # No other text than a slug reaches the database: PostgreSQL takes not every one.
    rows = list(found.filter(slug=slug, **visible)) if SLUG.fullmatch(slug) else []
    if not rows:
        raise universes.not_found(slug)
    return rows


def _taken(row: Values, relation: str, fields: tuple[str, ...]) -> Values | None:
    """Take the fields of a joined row out of a row; None where nothing was joined to it."""
    own = {field: row.pop(f"{relation}__{field}") for field in fields}
    return own if own["id"] else None


def _by_column(row: Values) -> Values:
    return {COLUMNS.get(name, name): value for name, value in row.items()}


def _songs(universe: Values) -> list[Values]:
    rows = sorted(SONGS.filter(universe=universe["id"]), key=itemgetter("language"))
    return [_by_column(row) for row in rows]


def _cards(universe: Values, files: Container[str]) -> list[Values]:
    rows = CARDS.filter(universe=universe["id"])
    return [{**row, **_card_urls(universe, row["image_name"], files)} for row in rows]


def _card_urls(universe: Values, image_name: str, files: Container[str]) -> Values:
    return {
        "image_url": _url(universe, image_name, files),
        "video_url": _url(universe, clip_of(image_name, files), files),
    }


def _url(universe: Values, name: str | None, files: Container[str]) -> str | None:
    return signed_urls.media_url(media.url(universe["slug"], name, files), universe["is_public"])


def _resolve_thumbnail(row: Values, files: Container[str] | None = None) -> None:
    slug = row["slug"]
    url = media.thumbnail(slug, row["thumbnail_url"], files)
    row["thumbnail_url"] = signed_urls.media_url(url, row["is_public"]) if media.is_own(slug, url) else url
