"""What is read most, as plain values: equal to what the serializers make of the same rows, at a fraction of the cost.

`everything`: whether the caller may see private universes, too. `shown(url, public)` gives the address to show for a
file. Each reads `(values, slugs of the folders looked at)`.
"""

from django.db.models import F

from . import media, queries
from .compiled import Given, number, rows
from .models import Asset, MusicPrompt, Universe, UniverseTranslation
from .names import SLUG, clip_of
from .services import universes

ITEM = ("id", "name", "slug", "thumbnail_url", "is_public", "asset_count", "last_synced_at")
WHOLE = (
    "id", "name", "slug", "thumbnail_url", "is_public", "background_music", "background_color", "created_at",
    "updated_at", "supabase_id", "last_synced_at", "asset_count",
)  # fmt: skip
PROMPTS = ("id", "default_image_prompt", "default_video_prompt")
CARD = ("id", "sort_order", "display_name", "image_name")
SONG = ("id", "univers_id", "language", "prompt", "lyrics", "created_at")
GIVEN_SLUG = Given("slug", Universe._meta.get_field("slug"))
GIVEN_ID = Given("id", Universe._meta.pk)


def page(everything, skip, limit, shown, **query):
    """`{"items": one page of the universes that match, "total": the number of all}`; `query` as `queries.listing`."""
    key = everything, *query.items()

    def found():
        return queries.listing(queries.visible(everything), **query)

    items = rows(("page", skip, limit, *key), lambda: found().values(*ITEM)[skip : skip + limit])
    [total] = rows(("total", *key), lambda: found().order_by().values(total=number()))
    looked_at = [item["slug"] for item in items if media.looks_into_folder(item["thumbnail_url"])]
    for item in items:
        _show_thumbnail(item, shown)
    return {"items": items, **total}, looked_at


def _show_thumbnail(item, shown):
    slug = item["slug"]
    url = media.thumbnail(slug, item["thumbnail_url"])
    item["thumbnail_url"] = shown(url, item["is_public"]) if media.is_own(slug, url) else url


def whole(slug, everything, shown):
    """One universe with all that belongs to it; NotFound when there is none."""
    row = _find(slug, everything, *WHOLE, **{f"its_{f}": F(f"prompts__{f}") for f in PROMPTS})
    _show_thumbnail(row, shown)
    row["prompts"] = _prompts(row)
    row["translations"] = _of(row["id"], UniverseTranslation, "id", "language", "name")
    row["music_prompts"] = [_song(song, row, shown) for song in _songs(row["id"])]
    row["assets"] = _cards(row, shown)
    return row, [slug]


def _find(slug, everything, *fields, **renamed):
    """The universe's row. No other text than a slug reaches the database: PostgreSQL takes not every one."""
    found = SLUG.fullmatch(slug) and rows(
        ("one", everything, fields),
        lambda: queries.visible(everything).filter(slug=GIVEN_SLUG).order_by().values(*fields, **renamed),
        slug=slug,
    )
    return found[0] if found else universes.find(slug, Universe.objects.none())


def _prompts(row):
    """The default prompts that came with the universe's row; None where it has none."""
    own = {field: row.pop(f"its_{field}") for field in PROMPTS}
    return {"id": own.pop("id"), "univers_id": row["id"], **own} if own["id"] else None


def _of(universe_id, model, *fields):
    """The rows of a model that belong to the universe, in the model's order."""
    return rows(
        (model, fields), lambda: model.objects.filter(universe=GIVEN_ID).values(*fields), id=universe_id
    )


def songs(slug, everything):
    """The songs that are written for a universe."""
    return _songs(_find(slug, everything, "id")["id"]), []


def _songs(universe_id):
    found = _of(universe_id, MusicPrompt, *(f for f in SONG if f != "univers_id"))
    return [{field: universe_id if field == "univers_id" else row[field] for field in SONG} for row in found]


def _song(song, row, shown):
    slug = row["slug"]
    url = media.music_url(slug, song["language"], media.present(slug))
    return {**song, "music_url": shown(url, row["is_public"])}


def cards(slug, everything, shown):
    """The cards of a universe, in their order."""
    return _cards(_find(slug, everything, "id", "slug", "is_public"), shown), [slug]


def _cards(row, shown):
    slug, files = row["slug"], media.present(row["slug"])
    found = _of(row["id"], Asset, *CARD)
    for card in found:
        picture = card["image_name"]
        for field, name in (("image_url", picture), ("video_url", clip_of(picture, files))):
            card[field] = shown(media.url(slug, name, files), row["is_public"])
    return found
