"""Which universe here a row of Supabase stands for, when slugs change over there."""

import pytest

from jobs.errors import Busy
from storage import bucket
from syncer import services
from syncer.client import client
from universes.models import Revision, Universe
from universes.services import assets

from .conftest import ok, post

pytestmark = pytest.mark.django_db


def give_slug(supabase, name, slug, media=True):
    """Another slug for a universe over there, and its media follow."""
    (row,) = [row for row in supabase.rows("univers") if row["name"] == name]
    client().update("univers", row["id"], {"slug": slug})
    for key in supabase.keys(row["slug"]) if media else ():
        supabase.move(key, key.replace(row["slug"], slug, 1))


@pytest.fixture
def summer(api, supabase, winter, make_universe, put_file):
    """`winter` and `summer`, both pushed; the second one."""
    universe = make_universe(slug="summer", name="Summer")
    assets.create(universe, display_name="Sun")
    put_file("summer", "00_sun.png", b"sun")
    ok(post(api, "push/winter"))
    ok(post(api, "push/summer"))
    return universe


def names_by_slug():
    return dict(Universe.objects.values_list("slug", "name"))


def states(api):
    return {u["slug"]: u["state"] for u in api.get("/api/sync/status?diff=true").json()["universes"]}


def test_a_universe_with_a_row_of_its_own_is_not_another_one_s(api, supabase, winter):
    ok(post(api, "push/winter"))
    give_slug(supabase, "Winter", "snow")
    client().insert_one("univers", {"name": "Another winter", "slug": "winter", "is_public": True})
    assert states(api) == {"snow": "remote newer", "winter": "only there"}
    refused = post(api, "pull/winter", force=True)
    assert refused.status_code == 409
    assert "pull 'snow' first, then 'winter'" in refused.json()["detail"]
    assert names_by_slug() == {"winter": "Winter"}
    for slug in ("snow", "winter"):
        ok(post(api, f"pull/{slug}"))
    assert names_by_slug() == {"snow": "Winter", "winter": "Another winter"}
    assert len(bucket.names("snow")) == 10


def test_swapped_slugs_are_told_how_to_come(api, supabase, summer):
    give_slug(supabase, "Winter", "free")
    give_slug(supabase, "Summer", "winter")
    give_slug(supabase, "Winter", "summer")
    for slug in ("winter", "summer"):
        refused = post(api, f"pull/{slug}")
        assert refused.status_code == 409
        assert "in Supabase, give it a slug that nobody has" in refused.json()["detail"]
    give_slug(supabase, "Winter", "free")
    for slug in ("free", "winter"):
        ok(post(api, f"pull/{slug}"))
    give_slug(supabase, "Winter", "summer")
    ok(post(api, "pull/summer"))
    assert names_by_slug() == {"winter": "Summer", "summer": "Winter"}


def test_media_that_did_not_follow_are_read_where_they_are(api, supabase, winter, put_file):
    ok(post(api, "push/winter"))
    put_file("winter", "02_fox.png", b"drawn since")
    give_slug(supabase, "Winter", "snow", media=False)
    assert any("lie in 'winter/'" in note for note in ok(post(api, "pull/winter"))["notes"])
    with bucket.bucket().open("snow/02_fox.png") as fox:
        assert fox.read() == b"picture 2" * 100
    assert (len(bucket.names("snow")), bucket.names("winter"), states(api)) == (10, set(), {"snow": "same"})
    assert ok(post(api, "pull/snow"))["message"] == "Nothing to do."
    ok(post(api, "push/snow"))
    assert len(supabase.keys("snow")) == 10
    assert ok(post(api, "pull/snow")) == {**ok(post(api, "push/snow")), "notes": []}


def test_revisions_are_found_by_the_slug_that_the_universe_has(api, supabase, winter):
    ok(post(api, "push/winter"))
    assets.delete(winter.assets.first())
    give_slug(supabase, "Winter", "snow")
    ok(post(api, "pull/snow"))
    found = api.get("/api/sync/revisions?univers_slug=snow").json()["items"]
    assert [revision["cause"] for revision in found] == ["pull", "delete_card"]
    assert not Revision.objects.filter(univers_slug="winter").exists()


def test_one_sync_runs_at_a_time_whichever_slug_is_named(api, supabase, winter):
    ok(post(api, "push/winter"))
    give_slug(supabase, "Winter", "snow")
    job = services.start_pull(["snow", "winter"])
    assert [step.key for step in job.steps.all()] == ["snow"]
    for start in (services.start_pull, services.start_push):
        with pytest.raises(Busy):
            start(["winter"])


def test_pulling_all_fails_for_those_that_another_sync_is_at(api, supabase, summer):
    services.start_push(["winter"])
    body = ok(post(api, "pull-all"))
    assert (body["success"], body["universes_synced"]) == (False, 1)
    assert body["errors"] == ["winter: Another sync is at it; run this again when that has ended."]
