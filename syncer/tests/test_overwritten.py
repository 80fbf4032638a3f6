"""What a push or an unpublishing overwrites in Supabase stays here as a revision."""

import pytest

from storage import archive, bucket
from syncer import services
from syncer.client import client
from universes.models import Revision, Universe
from universes.services import assets

from .conftest import ok, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(api, supabase, winter):
    """`winter`, pushed, and then changed over there by somebody else; its row there."""
    ok(post(api, "push/winter"))
    (row,) = supabase.rows("univers")
    client().update("univers", row["id"], {"name": "Their winter"})
    return winter


def put_there(tmp_path, key, content):
    (tmp_path / "theirs").write_bytes(content)
    client().upload(tmp_path / "theirs", key)


def content(revision, name):
    archive.restore(revision.files[name], "restored", name)
    with bucket.bucket().open(f"restored/{name}") as source:
        return source.read()


def pushed_revision():
    return Revision.objects.get(cause="push")


def test_a_first_push_overwrites_nothing(api, supabase, winter):
    ok(post(api, "push/winter"))
    assert not Revision.objects.exists()


def test_nor_does_one_that_only_adds(api, supabase, winter, put_file):
    ok(post(api, "push/winter"))
    card = assets.create(winter, display_name="Owl")
    put_file("winter", card.image_name, b"owl")
    ok(post(api, "push/winter"))
    assert not Revision.objects.filter(cause="push").exists()


def test_rows_are_kept_as_they_were_over_there(supabase, published):
    there = supabase.rows("univers")[0]["id"]
    assert services.finish(services.start_push(["winter"], author="editor")).success
    kept = pushed_revision()
    (row,) = kept.rows["univers"]
    assert (row["id"], row["name"]) == (there, "Their winter")
    assert len(kept.rows["univers_assets"]) == 4
    assert (kept.author, kept.files) == ("editor", {})


def test_so_are_files_that_are_replaced_or_deleted(api, supabase, published, put_file, tmp_path):
    put_there(tmp_path, "winter/02_fox.png", b"their fox")
    put_there(tmp_path, "winter/de.mp3", b"their song")
    put_file("winter", "02_fox.png", b"our fox")
    ok(post(api, "push/winter"))
    kept = pushed_revision()
    assert kept.files.keys() == {"02_fox.png", "de.mp3"}
    assert content(kept, "02_fox.png") == b"their fox"
    assert content(kept, "de.mp3") == b"their song"


def test_what_the_archive_has_is_not_fetched(api, supabase, published, put_file):
    fox = bucket.listing("winter")["02_fox.png"]
    archive.add_from_bucket("winter", ["02_fox.png"])
    put_file("winter", "02_fox.png", b"our fox")
    supabase.breaks("GET /storage/v1/object/univers/")
    ok(post(api, "push/winter"))
    assert pushed_revision().files == {"02_fox.png": fox.sha256}


def test_what_can_not_be_fetched_is_not_overwritten(api, supabase, published, put_file):
    put_file("winter", "02_fox.png", b"our fox")
    written = supabase.written()
    supabase.breaks("GET /storage/v1/object/univers/")
    assert post(api, "push/winter").status_code == 502
    assert supabase.written() == written
    assert not Revision.objects.filter(cause="push").exists()


@pytest.mark.parametrize("action", ["404", "garble"])
def test_what_supabase_does_not_give_as_listed_blocks_nothing(
    api, supabase, published, put_file, tmp_path, action
):
    put_there(tmp_path, "winter/02_fox.png", b"their fox")
    supabase.breaks("GET /storage/v1/object/univers/winter/02_fox", action)
    body = ok(post(api, "push/winter"))
    assert "winter/02_fox.png could not be kept" in " ".join(body["notes"])
    assert pushed_revision().files == {}
    put_there(tmp_path, "winter/02_fox.png", b"their fox")
    body = ok(post(api, "unpublish/winter", force=True))
    assert "winter/02_fox.png could not be kept" in " ".join(body["notes"])
    assert "02_fox.png" not in Revision.objects.get(cause="unpublish").files
    assert supabase.keys("winter") == []


@pytest.mark.parametrize("action", ["garble", "404"])
def test_what_comes_whole_the_second_time_is_kept(api, supabase, published, tmp_path, action):
    put_there(tmp_path, "winter/02_fox.png", b"their fox")
    supabase.breaks("GET /storage/v1/object/univers/winter/02_fox", action, times=1)
    ok(post(api, "push/winter"))
    assert content(pushed_revision(), "02_fox.png") == b"their fox"


def test_a_push_that_is_tried_again_keeps_it_once(api, supabase, published):
    supabase.breaks("PATCH /rest/v1/univers")
    for _ in range(2):
        assert post(api, "push/winter").status_code == 502
    supabase.mends()
    ok(post(api, "push/winter"))
    assert pushed_revision().rows["univers"][0]["name"] == "Their winter"


def test_a_table_that_is_missing_over_there_is_not_kept_as_empty(api, supabase, winter):
    supabase.sandbox.settings(missing_tables=["univers_music_prompts"])
    ok(post(api, "push/winter"))
    Universe.objects.update(name="New")
    ok(post(api, "push/winter"))
    kept = pushed_revision().rows
    assert "univers_music_prompts" not in kept
    assert "univers_prompts" in kept


class TestUnpublishing:
    def test_all_of_it_is_kept(self, api, supabase, published, tmp_path):
        supabase.move("winter/02_fox.png", "winter/assets/02_fox.png")
        supabase.move("winter/03_moon.png", "winter/assets/03_moon.png")
        put_there(tmp_path, "winter/03_moon.png", b"another moon")
        put_there(tmp_path, "winter/.emptyFolderPlaceholder", b"")
        ok(post(api, "unpublish/winter", force=True))
        kept = Revision.objects.get(cause="unpublish")
        assert kept.rows["univers"][0]["name"] == "Their winter"
        assert len(kept.files) == 11
        assert content(kept, "02_fox.png") == b"picture 2" * 100
        assert content(kept, "03_moon.png") == b"another moon"
        assert content(kept, "_assets_03_moon.png") == b"picture 3" * 100
        assert supabase.keys("winter") == []

    def test_one_that_broke_off_keeps_it_once(self, api, supabase, published):
        supabase.breaks("DELETE /storage", "503")
        assert post(api, "unpublish/winter", force=True).status_code == 502
        supabase.mends()
        ok(post(api, "unpublish/winter", force=True))
        assert Revision.objects.get(cause="unpublish").rows["univers"]
