"""Universes whose media lie in `assets/` and `music/` over there: read flat, and left alone."""

import pytest

from storage import bucket
from syncer.client import client
from universes.models import Universe
from universes.services import assets

from .conftest import ok, post, state, wipe

pytestmark = pytest.mark.django_db


@pytest.fixture
def older(api, supabase, winter):
    """`winter`, pushed, then with its media moved to where older universes have them; its state here."""
    ok(post(api, "push/winter"))
    for key in supabase.keys("winter"):
        folder = "music" if key.endswith(".mp3") else "assets"
        supabase.move(key, key.replace("winter/", f"winter/{folder}/"))
    return state("winter")


def put_there(tmp_path, key, content):
    (tmp_path / "source").write_bytes(content)
    client().upload(tmp_path / "source", f"winter/{key}")


def content(name):
    with bucket.bucket().open(f"winter/{name}") as source:
        return source.read()


def test_they_come_flat(api, supabase, older):
    wipe()
    assert ok(post(api, "init"))["files_downloaded"] == 10
    assert state("winter") == older
    assert ok(post(api, "pull/winter"))["message"] == "Nothing to do."
    states = api.get("/api/sync/status?diff=true").json()["universes"]
    assert states == [{"slug": "winter", "state": "same"}]


def test_a_push_adds_them_flat_and_leaves_the_old_ones_alone(api, supabase, older):
    before = supabase.keys("winter")
    plan = ok(post(api, "push/winter", dry_run=True))["plan"]
    assert plan["rows"] == []
    assert {change["action"] for change in plan["files"]} == {"create"}
    ok(post(api, "push/winter"))
    assert len(supabase.keys("winter")) == 20
    assert set(before) < set(supabase.keys("winter"))
    for path in ("push/winter", "pull/winter"):
        assert ok(post(api, path))["message"] == "Nothing to do."


def test_a_flat_file_wins(api, supabase, older, tmp_path):
    put_there(tmp_path, "02_fox.png", b"a newer fox")
    assert ok(post(api, "pull/winter"))["synced_items"] == 1
    assert content("02_fox.png") == b"a newer fox"


def test_the_same_file_in_both_is_no_question(api, supabase, older, tmp_path):
    put_there(tmp_path, "music/02_fox.png", content("02_fox.png"))
    assert ok(post(api, "pull/winter"))["message"] == "Nothing to do."


def test_different_files_of_one_name_are_left_alone(api, supabase, older, tmp_path):
    put_there(tmp_path, "music/02_fox.png", b"which fox?")
    wipe()
    notes = "\n".join(ok(post(api, "init"))["notes"])
    for folder in ("assets", "music"):
        assert f"winter/{folder}/02_fox.png is left alone in Supabase: another sub-folder" in notes
    assert "02_fox.png" not in bucket.names("winter")
    assert "02_fox.mp4" in bucket.names("winter")


def test_nor_do_they_take_away_the_one_that_is_here(api, supabase, older, tmp_path):
    put_there(tmp_path, "music/02_fox.png", b"which fox?")
    body = ok(post(api, "pull/winter", force=True))
    assert (body["message"], len(body["notes"])) == ("Nothing to do.", 2)
    assert state("winter") == older
    states = api.get("/api/sync/status?diff=true").json()["universes"]
    assert states == [{"slug": "winter", "state": "same"}]


def test_so_is_a_file_of_no_card(api, supabase, older, tmp_path):
    put_there(tmp_path, "assets/99_nobody.png", b"nobody")
    body = ok(post(api, "pull/winter"))
    assert body["message"] == "Nothing to do."
    assert any("winter/assets/99_nobody.png is left alone" in note for note in body["notes"])


def test_a_card_that_is_deleted_here_goes_without_its_old_files(api, supabase, older):
    assets.delete(Universe.objects.get().assets.get(display_name="Fox"))
    ok(post(api, "push/winter"))
    assert "winter/assets/02_fox.png" in supabase.keys("winter")
    assert ok(post(api, "pull/winter"))["message"] == "Nothing to do."
    assert "02_fox.png" not in bucket.names("winter")


def test_a_folder_that_can_not_be_listed_is_an_error(api, supabase, older):
    wipe()
    supabase.breaks("POST /storage/v1/object/list")
    assert post(api, "pull/winter").status_code == 502
    assert not Universe.objects.exists()
