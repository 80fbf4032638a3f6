"""A Supabase for the tests of the syncer: the sandbox, reached through the real client."""

import pytest

from storage import bucket
from syncer import remote
from syncer.client import client
from universes import name_keys, rows
from universes.models import Universe
from universes.services import assets, music, universes


@pytest.fixture(autouse=True)
def every_name_has_its_key(request):
    """Whatever a sync, a restore or a rekeying wrote is found by its names."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        yield
        assert [rows for _model, rows in name_keys.unfitting() if rows] == []
    else:
        yield


class Supabase:
    """The sandbox as a Supabase, and what lies in it."""

    def __init__(self, sandbox):
        self.sandbox, self.client = sandbox, client

    def written(self):
        """`(rows, files)` that it was told to write or delete."""
        seen = self.sandbox.counters()
        return seen["rows_written"] + seen["rows_deleted"], seen["files_written"] + seen["files_deleted"]

    def rows(self, table):
        return client().select(table)

    def names(self, table):
        return {row["display_name"] for row in self.rows(table)}

    def keys(self, slug):
        return [f"{slug}/{file.path}" for file in remote.whole_folder(client(), slug)]

    def move(self, key, new):
        headers = {"apikey": self.sandbox.key, "Authorization": f"Bearer {self.sandbox.key}"}
        body = {"bucketId": "univers", "sourceKey": key, "destinationKey": new}
        address = f"{self.sandbox.url}/storage/v1/object/move"
        self.sandbox.http.post(address, json=body, headers=headers).raise_for_status()

    def breaks(self, match, action="500", **options):
        self.sandbox.settings(request_faults=[{"match": match, "action": action, **options}])

    def mends(self):
        self.sandbox.settings(request_faults=[])


@pytest.fixture
def supabase(settings, sandbox):
    settings.SUPABASE_URL = sandbox.url
    settings.SUPABASE_SERVICE_ROLE_KEY = sandbox.key
    settings.SYNC_RETRIES = 0
    return Supabase(sandbox)


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


def post(api, path, **body):
    return api.post(f"/api/sync/{path}", body, format="json")


def ok(answer):
    assert answer.status_code == 200, answer.json()
    return answer.json()


def when_connected(look, connected):
    """What `look()` finds: on a busy machine Supabase may take longer than is waited for, and is looked for again."""
    for _ in range(20):
        if connected(found := look()):
            break
    return found


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
