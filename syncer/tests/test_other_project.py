"""Another Supabase than the one that universes were synced with: ids of that one mean nothing there."""

import pytest

from syncer import drift, services
from syncer.client import client
from syncer.models import SyncedState
from universes.models import Universe

from .conftest import ok, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def dinos(api, supabase, winter, settings):
    """`winter`, pushed to one Supabase; in the one that is set since, its id is that of another universe."""
    ok(post(api, "push/winter"))
    supabase_id = Universe.objects.get().supabase_id
    supabase.sandbox.reset()
    settings.SUPABASE_URL = supabase.sandbox.url.replace("127.0.0.1", "localhost")
    row = client().insert_one("univers", {"name": "Dinos", "slug": "dinos"})
    assert row["id"] == supabase_id
    return row


def states():
    return {entry["slug"]: entry["state"] for entry in drift.overview()}


def test_an_id_of_the_other_one_is_not_followed(api, supabase, dinos):
    assert states() == {"dinos": "only there", "winter": "only here"}
    ok(post(api, "push/winter"))
    assert {(row["slug"], row["name"]) for row in supabase.rows("univers")} == {
        ("dinos", "Dinos"),
        ("winter", "Winter"),
    }
    assert states() == {"dinos": "only there", "winter": "same"}


def test_pulling_all_leaves_what_came_from_the_other_one(api, supabase, dinos):
    ok(post(api, "init"))
    here = {u.slug: (u.name, u.supabase_id) for u in Universe.objects.all()}
    assert here == {"dinos": ("Dinos", dinos["id"]), "winter": ("Winter", None)}


def test_the_same_universe_matches_by_slug(api, supabase, dinos):
    new = client().insert_one("univers", {"name": "Winter there", "slug": "winter"})
    assert states()["winter"] == "differs"
    ok(post(api, "push/winter"))
    assert Universe.objects.get().supabase_id == new["id"]


def test_what_was_noted_without_an_address_counts(api, supabase, winter):
    ok(post(api, "push/winter"))
    SyncedState.objects.update(address="")
    (row,) = supabase.rows("univers")
    client().update("univers", row["id"], {"slug": "snow"})
    assert services.plan_push("winter").row_changes("update", "univers")
