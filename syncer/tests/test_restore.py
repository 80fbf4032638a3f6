"""What was overwritten or deleted comes back from its revision, byte for byte, and so does what that replaced."""

import json
import time

import pytest

from jobs.runner import run_here
from storage import archive, bucket
from universes import rows
from universes.models import Asset, Revision, Universe
from universes.services import assets, concepts, music, revisions, universes

from .conftest import ok, post, state
from .test_commands import run

pytestmark = pytest.mark.django_db


def newest():
    return Revision.objects.order_by("-created_at").first()


def restore(api, revision=None, **body):
    return post(api, f"restore/{(revision or newest()).pk}", **body)


def fox(universe):
    return universe.assets.get(display_name="Fox")


def change_both(api, universe, put_file):
    """Edit words and files on both sides; the universe here as it is before the pull."""
    ok(post(api, "push/winter"))
    put_file("winter", "de.mp3", b"sung over there")
    assets.update(fox(universe), translations={"fr": "Renard là-bas", "en": "Fox"})
    ok(post(api, "push/winter"))
    bucket.remove("winter", "de.mp3")
    put_file("winter", "02_fox.png", b"a wolf")
    assets.update(
        universe.assets.get(image_name="02_fox.png"),
        display_name="A wolf",
        translations={"fr": "Loup", "it": "Lupo"},
    )
    music.update(universe.music_prompts.get(), lyrics="Il grêle")
    return state("winter")


def test_what_a_pull_overwrote_comes_back(api, supabase, winter, put_file):
    before = change_both(api, winter, put_file)
    ok(post(api, "pull/winter"))
    pulled = state("winter")
    plan = ok(restore(api, dry_run=True))["plan"]
    assert {field for row in plan["rows"] for field in row["fields"]} == {"display_name", "lyrics"}
    assert [(file["name"], file["action"]) for file in plan["files"]] == [("02_fox.png", "update")]
    assert state("winter") == pulled
    assert ok(restore(api))["message"] == "'winter' is restored: 6 rows and files changed."
    words, files = state("winter")
    assert words == before[0]
    assert files == before[1] | {"de.mp3": pulled[1]["de.mp3"]}
    assert ok(api.get("/api/sync/status?diff=true"))["universes"] == [
        {"slug": "winter", "state": "local newer"}
    ]


def take_card(universe):
    assets.delete(fox(universe))


def take_song(universe):
    music.delete(universe.music_prompts.get())


def take_cards(universe):
    concepts.apply(universe, ["Fox", "Owl"], {"fr": ["Renard", "Hibou"]})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("take", [take_card, take_song, take_cards, universes.delete])
def test_what_was_deleted_comes_back_and_goes_again(api, winter, take):
    before = state("winter")
    take(winter)
    answer = ok(restore(api, force=True))
    assert answer["success"] and answer["synced_items"]
    assert state("winter") == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("take", [take_card, take_song, take_cards])
def test_a_restore_is_undone_by_restoring_what_it_replaced(api, winter, take):
    before = state("winter")
    take(winter)
    after = state("winter")
    for expected in (before, after, before, after):
        ok(restore(api, force=True))
        assert newest().cause == "restore"
        assert state("winter") == expected


def test_a_picture_that_was_drawn_again_comes_back(api, winter, put_file):
    asset = fox(winter)
    kept = archive.add_from_bucket("winter", [asset.image_name])
    revision = revisions.create(winter, "regenerate", "", kept, asset=asset)
    before = state("winter")
    put_file("winter", asset.image_name, b"drawn again")
    assert ok(restore(api, revision))["synced_items"] == 1
    assert state("winter") == before


def test_a_kept_card_leaves_the_other_cards_as_they_are_by_now(api, winter):
    assets.delete(fox(winter))
    universes.update(winter, name="Deep winter")
    assets.create(winter, display_name="Owl")
    ok(restore(api))
    assert Universe.objects.get().name == "Deep winter"
    assert set(winter.assets.values_list("display_name", flat=True)) == {
        "Snowflake",
        "Sledge",
        "Fox",
        "Moon",
        "Owl",
    }


def test_a_file_that_a_restore_brought_goes_when_it_is_undone(api, winter, put_file):
    revisions.archive_files("winter", ["fr.mp3"], "late_result")
    put_away = state("winter")
    ok(restore(api))
    assert "fr.mp3" in state("winter")[1]
    ok(restore(api))
    assert state("winter") == put_away


def test_what_was_in_supabase_before_a_push_can_be_had_here(api, supabase, winter, put_file):
    ok(post(api, "push/winter"))
    before = state("winter")
    assets.update(fox(winter), display_name="Wolf")
    put_file("winter", "02_fox.png", b"a wolf")
    ok(post(api, "push/winter"))
    assert newest().cause == "push"
    ok(restore(api))
    assert state("winter") == before
    assert ok(post(api, "push/winter"))["synced_items"] == 2


def test_a_universe_comes_back_with_files_that_an_older_revision_does_not_name(api, winter):
    older = revisions.create(winter, "pull")
    before = state("winter")
    universes.delete(winter)
    ok(restore(api, older))
    assert state("winter") == before


def test_a_deleted_universe_comes_back_into_the_one_that_has_its_slug(api, winter, put_file):
    before = state("winter")
    universes.delete(winter)
    other = universes.create(name="Another winter", slug="winter")
    assets.create(other, display_name="Snowman")
    put_file("winter", "00_snowman.png", b"snowman")
    taken = state("winter")
    ok(restore(api))
    here = Universe.objects.get()
    assert here.pk == other.pk
    # When a universe was made is nothing that a sync overwrites.
    before[0]["univers"][0]["created_at"] = here.created_at.isoformat()
    assert state("winter") == before
    ok(restore(api, force=True))
    assert state("winter") == taken


def test_ids_that_another_universe_has_by_now_are_new(api, winter):
    universes.delete(winter)
    before = newest()
    other = universes.create(name="Snow", slug="snow")
    taken = before.rows["univers_assets"][0]
    Asset.objects.create(id=taken["id"], universe=other, image_name=taken["image_name"])
    ok(restore(api, before))
    assert Asset.objects.filter(pk=taken["id"]).get().universe == other
    assert Asset.objects.filter(universe__slug="winter").count() == 4
    assert ok(restore(api, before, dry_run=True))["plan"]["empty"]


def test_a_part_of_a_universe_that_is_gone_is_refused(api, winter):
    assets.delete(fox(winter))
    part = newest()
    universes.delete(winter)
    answer = restore(api, part)
    assert answer.status_code == 409
    assert "restore the revision of its deletion first" in answer.json()["detail"]
    assert not Universe.objects.exists()


def test_a_slug_that_is_anothers_by_now_is_refused(api, winter):
    revision = revisions.create(winter, "pull")
    Universe.objects.filter(pk=winter.pk).update(slug="snow")
    universes.create(name="Another winter", slug="winter")
    answer = restore(api, revision)
    assert answer.status_code == 409
    assert "'Another winter'" in answer.json()["detail"]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_that_is_gone_from_the_archive_is_named_and_nothing_changes(api, winter, dry_run):
    assets.delete(fox(winter))
    before = state("winter")
    archive.remove(newest().files["02_fox.mp4"], older_than=time.time() + 60)
    answer = restore(api, dry_run=dry_run)
    assert answer.status_code == 409
    assert "'02_fox.mp4' is gone; nothing was changed" in answer.json()["detail"]
    assert state("winter") == before
    listed = ok(api.get("/api/sync/revisions"))["items"][0]["files"]
    assert listed["02_fox.mp4"]["size"] is None and listed["02_fox.png"]["size"] == 900


def test_a_damaged_copy_is_refused_and_nothing_changes(api, winter):
    assets.delete(fox(winter))
    before, sha256 = state("winter"), newest().files["02_fox.png"]
    with archive.archive().open(f"{sha256[:2]}/{sha256}", "r+b") as copy:
        copy.write(b"!")
    answer = restore(api)
    assert answer.status_code == 409
    assert "'02_fox.png' is damaged; nothing was changed" in answer.json()["detail"]
    assert state("winter") == before


def test_what_takes_most_away_needs_force(api, winter):
    revisions.create(universes.create(name="Empty", slug="empty"), "pull")
    empty = newest()
    Revision.objects.filter(pk=empty.pk).update(univers_slug="winter", rows=_without_cards(winter))
    answer = restore(api)
    assert answer.status_code == 409
    assert "4 of 4 cards" in answer.json()["detail"] and "here" in answer.json()["detail"]
    assert answer.json()["plan"]["direction"] == "restore"
    ok(restore(api, force=True))
    assert not winter.assets.exists()


def _without_cards(universe):
    return {
        name: [] if name.startswith("univers_assets") else found
        for name, found in rows.read(universe).items()
    }


@pytest.mark.parametrize("unknown", ["nonsense", "0b1d0c52-7a0f-4d2e-9c3e-3f6a4f1b2c4d"])
def test_an_unknown_revision_is_404(api, db, unknown):
    answers = [
        api.get(f"/api/sync/revisions/{unknown}"),
        post(api, f"restore/{unknown}"),
        post(api, f"restore/{unknown}", dry_run=True),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["detail"]) == (404, f"Revision '{unknown}' not found.")


def test_one_sync_of_a_universe_runs_at_a_time(api, supabase, winter):
    assets.delete(fox(winter))
    job = ok(api.post("/api/sync/push/winter?background=true"))
    answer = restore(api)
    assert (answer.status_code, answer.json()["job_id"]) == (409, job["id"])
    assert winter.assets.count() == 3


def test_a_restore_in_the_background_is_a_job(api, winter):
    assets.delete(fox(winter))
    job = ok(post(api, f"restore/{newest().pk}?background=true"))
    assert (job["type"], job["univers_slug"], job["status"]) == ("sync_restore", "winter", "pending")
    assert run_here(job["id"]).status == "completed"
    assert winter.assets.count() == 4


def test_revisions_are_listed_newest_first_and_shown_with_their_rows(api, admin_client, winter):
    take_card(winter)
    take_song(winter)
    page = ok(api.get("/api/sync/revisions?univers_slug=winter&limit=1"))
    assert page["total"] == 2
    (song,) = page["items"]
    assert (song["cause"], song["cards"], song["songs"]) == ("delete_song", 0, 1)
    assert song["files"] == {"fr.mp3": {"sha256": newest().files["fr.mp3"], "size": 4}}
    (card,) = ok(api.get("/api/sync/revisions?skip=1"))["items"]
    assert (card["cause"], card["cards"], card["songs"]) == ("delete_card", 1, 0)
    shown = ok(api.get(f"/api/sync/revisions/{card['id']}"))
    assert [row["display_name"] for row in shown.pop("rows")["univers_assets"]] == ["Fox"]
    assert shown == card
    assert ok(api.get("/api/sync/revisions?univers_slug=other")) == {"items": [], "total": 0}


class TestCommand:
    def test_lists_restores_and_undoes(self, winter):
        before = state("winter")
        take_card(winter)
        take_song(winter)
        _, out, _ = run("sync_restore", "winter")
        assert "  1  " in out and "delete_song: cards: 0, songs: 1, files: 1" in out.splitlines()[0]
        assert "delete_card: cards: 1, songs: 0, files: 2" in out.splitlines()[1]
        (listed, other) = json.loads(run("sync_restore", "winter", "--list", "--json")[1])["revisions"]
        assert (listed["number"], listed["id"]) == (1, str(newest().pk))
        code, out, _ = run("sync_restore", "winter", "--revision", "latest", "--dry-run")
        assert (code, winter.music_prompts.count()) == (0, 0)
        assert "create univers_music_prompts fr" in out
        assert run("sync_restore", "winter", "--revision", "1")[0] == 0
        found = json.loads(run("sync_restore", "winter", "--revision", other["id"], "--json")[1])
        assert found["success"] and found["universes"]["winter"]["changes"] == 6
        assert state("winter") == before

    def test_exit_codes(self, winter):
        concepts.apply(winter, ["One", "Two", "Three", "Four"], {})
        wrong = ["9", "0", "nonsense", "²"]
        assert [run("sync_restore", "winter", "--revision", wanted)[0] for wanted in wrong] == [1] * 4
        assert run("sync_restore", "other", "--revision", str(newest().pk))[0] == 1
        assert run("sync_restore", "winter", "--revision", "1", "--list")[0] == 2
        code, _, error = run("sync_restore", "winter", "--revision", "1")
        assert (code, "4 of 4 cards" in error) == (3, True)
        assert run("sync_restore", "winter", "--revision", "1", "--force")[0] == 0
        assert "no revisions of 'other'" in run("sync_restore", "other")[2]


def test_unpublishing_from_a_terminal(supabase, winter):
    assert run("sync_unpublish", "winter")[0] == 1
    run("sync_push", "winter")
    code, out, _ = run("sync_unpublish", "winter", "--dry-run")
    assert (code, "delete univers winter" in out) == (0, True)
    assert run("sync_unpublish", "winter")[0] == 3
    assert run("sync_unpublish", "winter", "--force")[0] == 0
    assert supabase.rows("univers") == []


def test_a_text_comes_back_with_every_character_that_it_had(api, winter):
    odd = "a\u200b\u2060\ufeff\u202e\x01\x7f e\u0301 \r\n\r "
    winter.assets.filter(display_name="Fox").update(display_name=odd)
    revisions.create(winter, "pull", "", {})
    winter.assets.filter(display_name=odd).update(display_name="Fox")
    ok(post(api, f"restore/{Revision.objects.latest('created_at').pk}"))
    assert winter.assets.filter(display_name=odd).exists()
