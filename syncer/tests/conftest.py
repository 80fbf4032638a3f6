"""A Supabase for the tests of the syncer: the sandbox, reached through the real client."""

from types import SimpleNamespace

import pytest

from storage import bucket
from syncer.client import client
from universes import rows
from universes.models import Universe
from universes.services import assets, music, universes


@pytest.fixture
def supabase(settings, sandbox):
    """Settings that point to the sandbox; `supabase.client()` asks it, `supabase.written()` counts what it took."""
    settings.SUPABASE_URL = sandbox.url
    settings.SUPABASE_SERVICE_ROLE_KEY = sandbox.key
    settings.SYNC_RETRIES = 0

    def written():
        counters = sandbox.counters()
        return counters["rows_written"] + counters["rows_deleted"], counters["files_written"] + counters[
            "files_deleted"
        ]

    return SimpleNamespace(sandbox=sandbox, client=client, written=written)


@pytest.fixture
def winter(db, put_file):
    """A universe with all that one can have: names, prompts, songs, four cards with picture and clip."""
    universe = universes.create(
        name="Winter",
        slug="winter",
        translations={"fr": "Hiver", "en": "Winter", "de": "Winter", "es": "Invierno", "it": "Inverno"},
        default_image_prompt="A {concept} in soft colours",
    )
    music.create(universe, language="fr", prompt="a lullaby", lyrics="Il neige,\nil neige")
    for number, name in enumerate(("Snowflake", "Sledge", "Fox", "Moon")):
        asset = assets.create(
            universe,
            display_name=name,
            translations={"fr": f"{name} fr", "en": name},
            custom_image_prompt=f"one {name}",
        )
        put_file("winter", asset.image_name, b"picture %d" % number * 100)
        put_file("winter", asset.image_name.replace(".png", ".mp4"), b"clip %d" % number * 300)
    put_file("winter", "fr.mp3", b"song")
    put_file("winter", "thumbnail.jpg", b"thumbnail")
    return universe


def state(slug):
    """All that is here of a universe, but for what is only this installation's: `(rows, {file: sha256})`."""
    found = rows.read(Universe.objects.get(slug=slug))
    for table in found.values():
        for row in table:
            row.pop("univers_id", None)
    found["univers"][0].pop("id")
    return found, {name: info.sha256 for name, info in bucket.listing(slug).items()}


def wipe():
    for universe in Universe.objects.all():
        bucket.remove_folder(universe.slug)
    Universe.objects.all().delete()
