"""Each request of a sync goes wrong in turn: nobody sees half a universe, nothing is lost, a rerun mends."""

from dataclasses import dataclass
from typing import Any

import pytest

from storage import archive, bucket
from syncer.client import client
from universes.models import Revision, Universe
from universes.services import assets, universes

from .conftest import ok, post, state, wipe
from .readers import NOT_A_READER, Reader
from .test_kills import assert_each_old_or_new, assert_nothing_to_do, names_in, there

pytestmark = pytest.mark.django_db(transaction=True)

ACTIONS = ("drop", "drop_after", "500", "truncate", "garble")
CARDS = 3


@dataclass
class Stage:
    """What a round happens on; `round` numbers what it makes, so that each differs from the one before."""

    api: Any
    supabase: Any
    reader: Reader
    put_file: Any
    round: int = 0

    @property
    def universe(self):
        return Universe.objects.get(slug="winter")

    def edit(self):
        """Change what is here in every way there is: rows and files that come, change and go."""
        self.round += 1
        universe, number = self.universe, self.round
        universe.translations.filter(language="fr").update(name=f"Hiver {number}")
        assets.update(universe.assets.get(image_name="00_fox.png"), display_name=f"Fox {number}")
        self.put_file("winter", "00_fox.png", b"fox %d" % number)
        assets.delete(universe.assets.get(display_name__startswith="Extra"))
        self.add_card(f"Extra {number}")
        bucket.remove("winter", ("fr.mp3", "de.mp3")[number % 2])
        self.put_file("winter", ("de.mp3", "fr.mp3")[number % 2], b"song")

    def add_card(self, name):
        asset = assets.create(self.universe, display_name=name, translations={"fr": f"{name} fr"})
        self.put_file("winter", asset.image_name, name.encode())

    def sync(self, path):
        return post(self.api, f"{path}/winter", force=True)

    def broken_sync(self, path, number, action):
        """Let its n-th request go wrong, and look at Supabase then; whether it had as many."""
        before = self.supabase.sandbox.counters()["faults"]
        self.supabase.breaks(NOT_A_READER, action, skip=number, times=1)
        answer = self.sync(path)
        self.supabase.mends()
        self.reader.look()
        hit = self.supabase.sandbox.counters()["faults"] > before
        assert answer.status_code in self._answers(hit, action)
        return hit

    def _answers(self, hit, action):
        if not hit:
            return {200}
        # An answer without a body can neither be cut nor garbled.
        return {502, 503} | ({200} if action in ("truncate", "garble") else set())


@pytest.fixture
def stage(supabase, settings, api, db, put_file):
    """A universe of three cards on both sides, and somebody who reads it over there all the time."""
    settings.SYNC_PARALLEL = 2
    universes.create(name="Winter", slug="winter", translations={"fr": "Hiver", "en": "Winter"})
    put_file("winter", "fr.mp3", b"song")
    with Reader(supabase.sandbox) as reader:
        stage = Stage(api, supabase, reader, put_file)
        for name in ("Fox", "Moon", "Extra 0"):
            stage.add_card(name)
        ok(stage.sync("push"))
        yield stage
    assert reader.without_picture == set()
    assert min(reader.numbers) >= CARDS


def push_changes(stage, number, action):
    old, words = there(), state("winter")
    stage.edit()
    hit = stage.broken_sync("push", number, action)
    broken = there()
    ok(stage.sync("push"))
    new = there()
    for found, before, after in zip(broken, old, new, strict=True):
        assert_each_old_or_new(found, before, after)
    assert {asset.image_name: asset.display_name for asset in stage.universe.assets.all()} == new[0]
    assert new[1].keys() == bucket.names("winter")
    assert_kept(words, "push")
    return hit


def push_anew(stage, number, action):
    here = state("winter")
    client().delete("univers", [row["id"] for row in stage.supabase.rows("univers")])
    client().remove(stage.supabase.keys("winter"))
    hit = stage.broken_sync("push", number, action)
    ok(stage.sync("push"))
    assert state("winter") == here
    assert there()[1].keys() == bucket.names("winter")
    return hit


def pull_changes(stage, number, action):
    new = state("winter")
    stage.edit()
    old = state("winter")
    hit = stage.broken_sync("pull", number, action)
    rows, files = state("winter")
    assert rows in (old[0], new[0])
    assert_each_old_or_new(files, old[1], new[1])
    assert names_in(rows) <= files.keys()
    ok(stage.sync("pull"))
    assert state("winter") == new
    assert_kept(old, "pull")
    return hit


def assert_kept(old, cause):
    """The words that were overwritten, and the bytes, can be had again."""
    kept = Revision.objects.filter(univers_slug="winter", cause=cause)
    words = {row["display_name"] for revision in kept for row in revision.rows.get("univers_assets", [])}
    assert {row["display_name"] for row in old[0]["univers_assets"]} <= words
    files = {item for revision in kept for item in revision.files.items()}
    for name in ("00_fox.png", *(name for name in old[1] if "extra" in name)):
        assert (name, old[1][name]) in files
        archive.restore(old[1][name], "restored", name)


def pull_anew(stage, number, action):
    new = state("winter")
    wipe()
    hit = stage.broken_sync("pull", number, action)
    if Universe.objects.exists():
        assert state("winter") == new
    ok(stage.sync("pull"))
    assert state("winter") == new
    return hit


KINDS = (push_changes, push_anew, pull_changes, pull_anew)


def break_in_turn(stage, kind, action, step=1):
    """Rounds until a sync has fewer requests; how many it has, about."""
    number = 0
    while kind(stage, number, action):
        assert_nothing_to_do()
        number += step
    return number


@pytest.mark.parametrize(("kind", "action"), list(zip(KINDS, ACTIONS, strict=False)))
def test_every_tenth_request_that_goes_wrong(stage, kind, action):
    assert break_in_turn(stage, kind, action, step=10) >= 10


@pytest.mark.slow
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_request_that_goes_wrong(stage, kind, action):
    assert break_in_turn(stage, kind, action) >= 10
