"""What is read most, as plain values: equal to what the serializers make of the same rows, at a fraction of the cost.

`shown(url, public)` gives the address to show for a file. Each reads `(values, slugs of the folders looked at)`.
"""

from django.db.models import F

from . import media
from .models import Asset, MusicPrompt, UniverseTranslation
from .names import THUMBNAIL, video_name
from .services import universes

ITEM = ("id", "name", "slug", "thumbnail_url", "is_public", "asset_count", "last_synced_at")
WHOLE = (
    "id", "name", "slug", "thumbnail_url", "is_public", "background_music", "background_color", "created_at",
    "updated_at", "supabase_id", "last_synced_at", "asset_count",
)  # fmt: skip
PROMPTS = ("id", "default_image_prompt", "default_video_prompt")
CARD = ("id", "sort_order", "display_name", "image_name")
SONG = ("id", "univers_id", "language", "prompt", "lyrics", "created_at")


def page(found, skip, limit, shown):
    """`{"items": one page of the universes `found`, "total": the number of all}`."""
    items = list(found.values(*ITEM)[skip : skip + limit])
    for item in items:
        _show_thumbnail(item, shown)
    return {"items": items, "total": found.count()}, [item["slug"] for item in items]


def _show_thumbnail(item, shown):
    slug = item["slug"]
    url = item["thumbnail_url"] or media.url(slug, THUMBNAIL, media.present(slug))
    item["thumbnail_url"] = shown(url, item["is_public"]) if media.is_own(slug, url) else url


def whole(slug, found, shown):
    """One of the universes `found` with all that belongs to it; NotFound when there is none."""
    row = universes.find(slug, found.values(*WHOLE, **{f"its_{f}": F(f"prompts__{f}") for f in PROMPTS}))
    _show_thumbnail(row, shown)
    row["prompts"] = _prompts(row)
    row["translations"] = _of(row["id"], UniverseTranslation, "id", "language", "name")
    row["music_prompts"] = [_song(song, row, shown) for song in _songs(row["id"])]
    row["assets"] = _cards(row, shown)
    return row, [slug]


def _prompts(row):
    """The default prompts that came with the universe's row; None where it has none."""
    own = {field: row.pop(f"its_{field}") for field in PROMPTS}
    return {"id": own.pop("id"), "univers_id": row["id"], **own} if own["id"] else None


def _of(universe_id, model, *fields, **renamed):
    return list(model.objects.filter(universe=universe_id).values(*fields, **renamed))


def songs(slug, found):
    """The songs that are written for one of the universes `found`."""
    return _songs(universes.find(slug, found.values("id"))["id"]), []


def _songs(universe_id):
    found = _of(universe_id, MusicPrompt, *(f for f in SONG if f != "univers_id"))
    return [{field: universe_id if field == "univers_id" else row[field] for field in SONG} for row in found]


def _song(song, row, shown):
    slug = row["slug"]
    url = media.music_url(slug, song["language"], media.present(slug))
    return {**song, "music_url": shown(url, row["is_public"])}


def cards(slug, found, shown):
    """The cards of one of the universes `found`, in their order."""
    return _cards(universes.find(slug, found.values("id", "slug", "is_public")), shown), [slug]


def _cards(row, shown):
    slug, files = row["slug"], media.present(row["slug"])
    found = _of(row["id"], Asset, *CARD)
    for card in found:
        picture = card["image_name"]
        for field, name in (("image_url", picture), ("video_url", video_name(picture))):
            card[field] = shown(media.url(slug, name, files), row["is_public"])
    return found
