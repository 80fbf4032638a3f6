"""Pushes: nothing that others write in Supabase is lost, and what is overwritten becomes a revision."""

from contextlib import contextmanager
from pathlib import Path

import pytest

from storage import archive, bucket
from syncer import progress, services
from syncer.client import client
from universes.models import Asset, Revision, Universe, UniverseTranslation
from universes.services import assets

from .conftest import ok, post

pytestmark = pytest.mark.django_db


# --- Pushes to a Supabase that somebody else writes too, with rules of its own


UNIQUE = {
    "univers_translations": [["univers_id", "language"]],
    "univers_assets": [["univers_id", "image_name"]],
    "univers_assets_translations": [["asset_id", "language"]],
    "univers_assets_prompts": [["asset_id"]],
}


@pytest.fixture
def published(api, supabase, winter):
    ok(post(api, "push/winter"))
    return Universe.objects.get()


class Meanwhile(progress.Listener):
    """Somebody who writes over there when a plan has been made, so many times."""

    def __init__(self, write, times):
        self.write, self.times = write, times

    def planned(self, plan):
        if self.times:
            self.times -= 1
            self.write()


@contextmanager
def meanwhile(write, times=1):
    with progress.heard_by(Meanwhile(write, times)):
        yield


def french_name_there(supabase):
    (row,) = [row for row in supabase.rows("univers_translations") if row["language"] == "fr"]
    return row


def swap_languages(universe, *languages):
    one, other = universe.translations.filter(language__in=languages)
    one.language, other.language = other.language, one.language
    UniverseTranslation.objects.filter(pk__in=[one.pk, other.pk]).delete()
    UniverseTranslation.objects.bulk_create([one, other])


def swap_pictures(universe):
    one, other = universe.assets.all()[:2]
    for pk, name in ((one.pk, "~"), (other.pk, one.image_name), (one.pk, other.image_name)):
        Asset.objects.filter(pk=pk).update(image_name=name)


# --- Words that somebody writes meanwhile ------------------------------------------------------------------


def test_words_written_there_while_files_go_up_are_kept(supabase, published, put_file):
    published.translations.filter(language="fr").update(name="L'hiver")
    put_file("winter", "02_fox.png", b"our fox")
    row = french_name_there(supabase)
    with meanwhile(lambda: client().update("univers_translations", row["id"], {"name": "Theirs"})):
        done = services.finish(services.start_push(["winter"])).only()
    assert (done["changes"], done["moved_files"]) == (2, 1)
    assert french_name_there(supabase)["name"] == "L'hiver"
    kept = [r["name"] for revision in Revision.objects.all() for r in revision.rows["univers_translations"]]
    assert "Theirs" in kept


def test_so_are_those_written_before_the_turn_of_one_of_several(supabase, published, make_universe):
    make_universe("Autumn")
    services.finish(services.start_push(["autumn"]))
    Universe.objects.update(background_color="#123456")
    published.translations.filter(language="fr").update(name="L'hiver")
    row = french_name_there(supabase)
    with meanwhile(lambda: client().update("univers_translations", row["id"], {"name": "Theirs"})):
        assert services.finish(services.start_push(["autumn", "winter"])).success
    kept = Revision.objects.filter(univers_slug="winter").order_by("created_at").last()
    assert "Theirs" in [r["name"] for r in kept.rows["univers_translations"]]


def test_a_push_that_never_finds_peace_writes_no_row(supabase, published):
    Universe.objects.update(name="Ours")
    numbers = iter(range(9))
    row = french_name_there(supabase)

    def write():
        client().update("univers_translations", row["id"], {"name": f"Theirs {next(numbers)}"})

    with meanwhile(write, times=9):
        report = services.finish(services.start_push(["winter"]))
    assert "changes in Supabase all the time" in str(report.failed["winter"])
    assert supabase.rows("univers")[0]["name"] == "Winter"


# --- Rows over there ---------------------------------------------------------------------------------------


def test_many_changed_rows_are_never_written_whole(api, supabase, published):
    for number in range(12):
        assets.create(published, display_name=f"Card {number}")
    ok(post(api, "push/winter"))
    Asset.objects.update(display_name="New")
    supabase.breaks("POST /rest/v1/univers_assets")
    assert ok(post(api, "push/winter"))["synced_items"] == 16
    assert supabase.names("univers_assets") == {"New"}


def test_a_slug_that_another_universe_has_there_is_said_before_anything_goes(
    api, supabase, published, put_file
):
    there = client().insert_one("univers", {"name": "Snow", "slug": "snow"})
    put_file("snow", "00_snowflake.png", b"a flake")
    Universe.objects.update(slug="snow")
    written = supabase.written()
    answer = post(api, "push/snow")
    assert answer.status_code == 409
    assert "'snow' is called 'winter' in Supabase" in answer.json()["detail"]
    assert supabase.written() == written
    client().delete("univers", [there["id"]])
    ok(post(api, "push/snow", force=True))


# --- Unique constraints over there -------------------------------------------------------------------------


@pytest.fixture
def strict(supabase, published):
    supabase.sandbox.settings(unique=UNIQUE, extra_columns={"univers_translations": {"mood": "text"}})
    return published


def test_languages_that_swap_keep_what_only_supabase_knows(api, supabase, strict):
    client().update("univers_translations", french_name_there(supabase)["id"], {"mood": "calm"})
    swap_languages(strict, "fr", "de")
    ok(post(api, "push/winter"))
    there = {row["id"]: (row["language"], row["mood"]) for row in supabase.rows("univers_translations")}
    here = {str(t.pk): t.language for t in UniverseTranslation.objects.all()}
    assert {row_id: language for row_id, (language, _) in there.items()} == here
    assert ("de", "calm") in there.values()
    assert ok(post(api, "push/winter"))["message"] == "Nothing to do."


def test_pictures_that_swap(api, supabase, strict):
    swap_pictures(strict)
    ok(post(api, "push/winter"))
    there = {row["id"]: row["image_name"] for row in supabase.rows("univers_assets")}
    assert there == {str(a.pk): a.image_name for a in Asset.objects.all()}
    assert len(supabase.rows("univers_assets_translations")) == 8


def test_a_name_that_takes_the_language_of_one_that_goes(api, supabase, strict):
    strict.translations.filter(language="fr").delete()
    strict.translations.filter(language="de").update(language="fr")
    ok(post(api, "push/winter"))
    assert french_name_there(supabase)["name"] == "Winter"


def test_a_push_that_breaks_off_between_swapped_pictures_goes_on(api, supabase, strict):
    swap_pictures(strict)
    supabase.breaks("PATCH /rest/v1/univers_assets", skip=2)
    assert post(api, "push/winter").status_code == 502
    supabase.mends()
    ok(post(api, "push/winter"))
    there = {row["id"]: row["image_name"] for row in supabase.rows("univers_assets")}
    assert there == {str(a.pk): a.image_name for a in Asset.objects.all()}


def test_a_plan_says_what_needs_force(api, supabase, published):
    assert ok(post(api, "push/winter", dry_run=True))["plan"]["needs_force"] == ""
    for asset in published.assets.all()[:3]:
        assets.delete(asset)
    assert "3 of 4 cards" in ok(post(api, "push/winter", dry_run=True))["plan"]["needs_force"]
    assert "takes 'winter' away" in ok(post(api, "unpublish/winter", dry_run=True))["plan"]["needs_force"]


@pytest.mark.parametrize("path", ["pull-all", "init"])
def test_so_does_a_dry_run_of_everything(api, supabase, published, path):
    client().delete("univers_assets", [row["id"] for row in supabase.rows("univers_assets")])
    (plan,) = ok(post(api, path, dry_run=True))["plans"]
    assert "4 of 4 cards here" in plan["needs_force"]


# --- Files -------------------------------------------------------------------------------------------------


def test_files_that_are_not_ours_stay_where_they_are(api, supabase, published, put_file):
    put_file("winter", "notes.txt", b"to do")
    put_file("winter", "theme.mp3", b"la la")
    Universe.objects.update(background_music="/storage/buckets/univers/winter/theme.mp3")
    body = ok(post(api, "push/winter"))
    assert "winter: notes.txt is left alone: it is no file of a card or song." in body["notes"]
    assert "winter/theme.mp3" in supabase.keys("winter")
    assert "winter/notes.txt" not in supabase.keys("winter")
    assert [entry["state"] for entry in api.get("/api/sync/status?diff=true").json()["universes"]] == ["same"]


def test_the_folder_of_an_old_slug_does_not_stay(api, supabase, published, tmp_path):
    (tmp_path / "note").write_bytes(b"theirs")
    client().upload(tmp_path / "note", "winter/notes.txt")
    Path(bucket.bucket().path("winter")).rename(bucket.bucket().path("snow"))
    Universe.objects.update(slug="snow")
    body = ok(post(api, "push/snow"))
    assert supabase.keys("winter") == ["winter/notes.txt"]
    assert len(supabase.keys("snow")) == 10
    assert [note for note in body["notes"] if note.startswith("winter/notes.txt stays in Supabase")]


# --- What a push or an unpublishing overwrites in Supabase stays here as a revision


@pytest.fixture
def changed_there(api, supabase, winter):
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


def test_rows_are_kept_as_they_were_over_there(supabase, changed_there):
    there = supabase.rows("univers")[0]["id"]
    assert services.finish(services.start_push(["winter"], author="editor")).success
    kept = pushed_revision()
    (row,) = kept.rows["univers"]
    assert (row["id"], row["name"]) == (there, "Their winter")
    assert len(kept.rows["univers_assets"]) == 4
    assert (kept.author, kept.files) == ("editor", {})


def test_so_are_files_that_are_replaced_or_deleted(api, supabase, changed_there, put_file, tmp_path):
    put_there(tmp_path, "winter/02_fox.png", b"their fox")
    put_there(tmp_path, "winter/de.mp3", b"their song")
    put_file("winter", "02_fox.png", b"our fox")
    ok(post(api, "push/winter"))
    kept = pushed_revision()
    assert kept.files.keys() == {"02_fox.png", "de.mp3"}
    assert content(kept, "02_fox.png") == b"their fox"
    assert content(kept, "de.mp3") == b"their song"


def test_what_the_archive_has_is_not_fetched(api, supabase, changed_there, put_file):
    fox = bucket.listing("winter")["02_fox.png"]
    archive.add_from_bucket("winter", ["02_fox.png"])
    put_file("winter", "02_fox.png", b"our fox")
    supabase.breaks("GET /storage/v1/object/univers/")
    ok(post(api, "push/winter"))
    assert pushed_revision().files == {"02_fox.png": fox.sha256}


def test_what_can_not_be_fetched_is_not_overwritten(api, supabase, changed_there, put_file):
    put_file("winter", "02_fox.png", b"our fox")
    written = supabase.written()
    supabase.breaks("GET /storage/v1/object/univers/")
    assert post(api, "push/winter").status_code == 502
    assert supabase.written() == written
    assert not Revision.objects.filter(cause="push").exists()


@pytest.mark.parametrize("action", ["404", "garble"])
def test_what_supabase_does_not_give_as_listed_blocks_nothing(
    api, supabase, changed_there, put_file, tmp_path, action
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
def test_what_comes_whole_the_second_time_is_kept(api, supabase, changed_there, tmp_path, action):
    put_there(tmp_path, "winter/02_fox.png", b"their fox")
    supabase.breaks("GET /storage/v1/object/univers/winter/02_fox", action, times=1)
    ok(post(api, "push/winter"))
    assert content(pushed_revision(), "02_fox.png") == b"their fox"


def test_a_push_that_is_tried_again_keeps_it_once(api, supabase, changed_there):
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
    def test_all_of_it_is_kept(self, api, supabase, changed_there, tmp_path):
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

    def test_one_that_broke_off_keeps_it_once(self, api, supabase, changed_there):
        supabase.breaks("DELETE /storage", "503")
        assert post(api, "unpublish/winter", force=True).status_code == 502
        supabase.mends()
        ok(post(api, "unpublish/winter", force=True))
        assert Revision.objects.get(cause="unpublish").rows["univers"]
