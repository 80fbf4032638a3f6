"""Drift: the differences of both sides, and the Supabase that they count for."""

import pytest
from django.urls import reverse

from syncer import drift, services
from syncer.client import client
from syncer.models import SyncedState
from universes.models import Universe
from universes.rows import UNIVERS
from universes.services import universes

from .conftest import ok, post

pytestmark = pytest.mark.django_db


# --- Another Supabase than the one that universes were synced with: ids of that one mean nothing there


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


# --- What Supabase was seen to have is remembered: the home tells of it without asking


HOME = reverse("admin:index")
LIST = reverse("admin:universes_universe_changelist")


@pytest.fixture
def pushed(api, winter):
    api.post("/api/sync/push/winter")
    return Universe.objects.get(slug="winter")


def changes_there(supabase, universe):
    supabase.client().update(UNIVERS.name, universe.supabase_id, {"name": "Winter over there"})


def looks(admin_client, universe):
    return admin_client.get(reverse("admin:studio_standing", args=[universe.pk]))


def test_the_home_tells_what_changed_on_both_sides_once_somebody_looked(admin_client, supabase, pushed):
    changes_there(supabase, pushed)
    universes.update(pushed, name="Winter here", author="anna")
    assert "changed on both sides" not in admin_client.get(HOME).content.decode()
    looks(admin_client, pushed)
    asked = supabase.sandbox.counters()
    assert "changed on both sides" in admin_client.get(HOME).content.decode()
    for wanted, there in (("both", True), ("changed", True), ("ahead", False), ("synced", False)):
        assert bool(admin_client.get(LIST, {"sync": wanted}).context["cl"].result_list) is there
    assert supabase.sandbox.counters() == asked


def test_it_tells_what_changed_there_alone_and_forgets_it_after_a_sync(admin_client, api, supabase, pushed):
    changes_there(supabase, pushed)
    assert api.get("/api/sync/status?diff=true").json()["universes"] == [
        {"slug": "winter", "state": "remote newer"}
    ]
    assert "changed in Supabase" in admin_client.get(HOME).content.decode()
    api.post("/api/sync/pull/winter")
    assert "changed in Supabase" not in admin_client.get(HOME).content.decode()


def test_what_is_equal_again_is_no_longer_told(admin_client, supabase, pushed):
    changes_there(supabase, pushed)
    looks(admin_client, pushed)
    supabase.client().update(UNIVERS.name, pushed.supabase_id, {"name": pushed.name})
    looks(admin_client, pushed)
    assert "changed in Supabase" not in admin_client.get(HOME).content.decode()
