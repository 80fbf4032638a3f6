"""What was overwritten or deleted comes back from its revision, byte for byte, and so does what that replaced."""

import pytest

from storage import bucket
from universes.models import Revision
from universes.services import assets, concepts, music, universes

from .conftest import ok, post, state

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
    rows, files = state("winter")
    assert rows == before[0]
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
