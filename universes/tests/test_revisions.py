"""What deletions keep, whatever breaks off or comes in between, and what retention takes."""

import hashlib
import io
import json
import os
import threading
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from storage import archive, bucket
from universes.media import files_of
from universes.models import Asset, MusicPrompt, Revision, Universe
from universes.services import assets, concepts, music, revisions, universes

from .test_services import together


def sha(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def song(universe):
    return music.create(universe, language="fr", prompt="gentle", lyrics="la")


@pytest.fixture
def old_revision(universe):
    """Makes revisions of some hours ago: `old_revision(files, hours=2, of="winter")`; their files are as old."""

    def make(files=None, hours=2, of="winter"):
        revision = revisions.create_from(of, "pull", "", files or {})
        Revision.objects.filter(pk=revision.pk).update(created_at=timezone.now() - timedelta(hours=hours))
        return revision

    return make


@pytest.fixture
def archived(tmp_path):
    """Archives bytes as if hours ago; returns their SHA-256."""

    def make(content):
        (source := tmp_path / "to-archive").write_bytes(content)
        sha256 = archive.add(source)
        os.utime(archive.archive().path(f"{sha256[:2]}/{sha256}"), (0, 0))
        return sha256

    return make


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("model", "service"), [(Universe, universes), (Asset, assets), (MusicPrompt, music)])
def test_of_two_deletions_at_once_one_finds_nothing(universe, asset, song, put_file, model, service):
    for name in (asset.image_name, "fr.mp3"):
        put_file("winter", name)
    items = [model.objects.get(), model.objects.get()]
    results = together(*[lambda item=item: service.delete(item) for item in items])
    assert sorted(type(r).__name__ for r in results) == ["NoneType", "NotFound"]
    assert Revision.objects.count() == 1


def test_a_deleted_card_keeps_its_own_rows_and_files_alone(universe, make_asset, put_file):
    one, _ = make_asset("One", translations={"fr": "Un"}, custom_image_prompt="white"), make_asset("Two")
    put_file("winter", one.image_name, b"picture")
    assets.delete(one, author="editor")
    revision = Revision.objects.get()
    assert {table: len(found) for table, found in revision.rows.items()} == {
        "univers_assets": 1,
        "univers_assets_prompts": 1,
        "univers_assets_translations": 1,
    }
    assert revision.rows["univers_assets"][0]["display_name"] == "One"
    assert revision.files == {one.image_name: sha(b"picture")}


def test_a_deleted_song_keeps_its_own_row_alone(universe, asset, song, put_file):
    put_file("winter", "fr.mp3", b"song")
    music.delete(song)
    revision = Revision.objects.get()
    assert [row["lyrics"] for row in revision.rows.pop("univers_music_prompts")] == ["la"]
    assert revision.rows == {} and revision.files == {"fr.mp3": sha(b"song")}


def test_a_revision_of_one_card_does_not_grow_with_the_universe(universe):
    names = [f"Card {n}" for n in range(300)]
    made = concepts.apply(universe, names, dict.fromkeys(("fr", "en", "es", "it", "de"), names))
    revision = revisions.create(universe, "regenerate", asset=made[0])
    assert len(json.dumps(revision.rows)) < 2000


@pytest.mark.django_db(transaction=True)
def test_files_that_arrive_while_a_universe_is_deleted_are_in_the_archive_or_in_the_bucket(
    universe, tmp_path
):
    put = []
    (folder := tmp_path / "sources").mkdir()
    stop = threading.Event()

    def write():
        while not stop.is_set():
            name = f"{len(put):04d}_x.png"
            (folder / name).write_bytes(name.encode())
            bucket.put(folder / name, "winter", name)
            put.append(name)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(put) < 20 and writer.is_alive():
            stop.wait(0.001)
        universes.delete(universe)
    finally:
        stop.set()
        writer.join(120)
    revisions.archive_leaving("winter")
    kept = Revision.objects.get().files
    assert put and set(put) == set(kept) | bucket.names("winter")
    assert all(sha(name.encode()) == sha256 for name, sha256 in kept.items())


@pytest.mark.django_db(transaction=True)
def test_a_universe_is_deleted_while_somebody_writes_to_its_folder(tmp_path, make_universe):
    (source := tmp_path / "source").write_bytes(b"x")
    failed, stop = [], threading.Event()

    def write():
        while not stop.is_set():
            try:
                bucket.put(source, "winter", "00_x.png")
            except OSError as error:
                failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(10):
            universes.delete(make_universe())
    finally:
        stop.set()
        writer.join(120)
    assert not failed


# What stands when a process is killed right after the commit that deletes: rows gone, files there.


def test_a_new_universe_shows_nothing_of_a_deleted_one_whose_folder_stayed(universe, asset, put_file):
    put_file("winter", asset.image_name, b"old")
    revisions.create(universe, "delete")
    universe.delete()
    again = universes.create(name="Winter")
    assets.create(again, display_name="Snowflake")
    assert bucket.names("winter") == set() and not bucket.trash_labels()
    assert Revision.objects.get().files == {asset.image_name: sha(b"old")}


def test_a_song_that_came_too_late_is_not_the_next_universes(universe, song, put_file):
    put_file("winter", "fr.mp3", b"song")
    universes.delete(universe)
    put_file("winter", "fr.mp3", b"late song"), put_file("winter", "en.mp3", b"english")
    universes.create(name="Winter")
    assert bucket.names("winter") == set()
    late, deleted = Revision.objects.all()
    assert deleted.files == {"fr.mp3": sha(b"song"), "en.mp3": sha(b"english")}
    assert (late.cause, late.files) == ("late_result", {"fr.mp3": sha(b"late song")})
    archive.restore(sha(b"late song"), "winter", "fr.mp3")


def test_files_laid_by_hand_are_found_by_a_universe_that_is_new(db, put_file):
    put_file("winter", "00_snowflake.png")
    assets.create(universes.create(name="Winter"), display_name="Snowflake")
    assert bucket.names("winter") == {"00_snowflake.png"}


def test_a_new_card_shows_nothing_of_a_deleted_one_whose_picture_stayed(universe, asset, put_file):
    put_file("winter", asset.image_name, b"old")
    revisions.create(universe, "delete_card", asset=asset, leaving=files_of(asset))
    asset.delete()
    assert assets.create(universe, display_name="Snowflake").image_name == "00_snowflake.png"
    assert bucket.names("winter") == set()
    revisions.archive_leaving("winter")
    assert Revision.objects.get().files == {"00_snowflake.png": sha(b"old")}


def test_a_picture_drawn_since_stays_when_a_deletion_is_finished_late(universe, asset, put_file):
    put_file("winter", asset.image_name, b"old")
    os.utime(bucket.bucket().path(f"winter/{asset.image_name}"), (0, 0))
    put_file("winter", "00_snowflake.mp4", b"old clip")
    revision = revisions.create(universe, "apply_concepts", leaving=files_of(asset))
    # The machine's new picture, bought after the deletion broke off.
    put_file("winter", asset.image_name, b"new")
    later = revision.created_at.timestamp() + 1
    os.utime(bucket.bucket().path(f"winter/{asset.image_name}"), (later, later))
    revisions.archive_leaving("winter")
    assert bucket.names("winter") == {asset.image_name}
    assert Revision.objects.get().files == {"00_snowflake.mp4": sha(b"old clip")}


def test_what_was_set_aside_and_not_archived_is_so_by_the_next(universe, asset, put_file):
    put_file("winter", asset.image_name, b"old")
    revisions.create(universe, "delete_card", asset=asset, leaving=files_of(asset))
    revisions.trash_leaving("winter")
    revisions.archive_leaving("autumn")
    assert Revision.objects.get().files == {} and bucket.trash_labels()
    revisions.archive_leaving("winter")
    assert Revision.objects.get().files == {asset.image_name: sha(b"old")} and not bucket.trash_labels()


def test_pruning_finishes_what_broke_off(universe, asset, put_file):
    put_file("winter", asset.image_name, b"old")
    revisions.create(universe, "delete_card", asset=asset, leaving=files_of(asset))
    revisions.prune()
    assert Revision.objects.get().files == {asset.image_name: sha(b"old")}
    assert bucket.names("winter") == set() and not bucket.trash_labels()


def test_files_are_put_away_with_a_revision_of_their_own(universe, put_file):
    put_file("winter", "fr.mp3", b"song")
    revisions.archive_files("winter", ["fr.mp3", "en.mp3"], "late_result", "editor")
    revision = Revision.objects.get()
    assert (revision.cause, revision.author, revision.rows) == ("late_result", "editor", {})
    assert revision.files == {"fr.mp3": sha(b"song")} and bucket.names("winter") == set()


def test_creating_a_card_asks_little(universe, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        assets.create(universe, display_name="Snowflake")


def test_revisions_beyond_their_number_go_the_oldest_first(old_revision, settings):
    settings.ARCHIVE_REVISIONS = 2
    made = [old_revision(hours=hours) for hours in (5, 3, 4)]
    other = old_revision(hours=9, of="summer")
    assert revisions.prune()["revisions"] == 1
    assert set(Revision.objects.all()) == {made[1], made[2], other}


def test_revisions_beyond_their_age_go(old_revision, settings):
    settings.ARCHIVE_DAYS = 2
    young, _ = old_revision(hours=47), old_revision(hours=49)
    revisions.prune()
    assert Revision.objects.get() == young


def test_revisions_beyond_the_bytes_go_with_the_files_that_they_alone_name(old_revision, archived, settings):
    settings.ARCHIVE_MB = 1
    shared, large, old = archived(b"s"), archived(b"l" * 700_000), archived(b"o" * 700_000)
    newest = old_revision({"a.png": shared, "b.png": large}, hours=2)
    old_revision({"a.png": shared, "b.png": old}, hours=3)
    assert revisions.prune() == {"revisions": 1, "files": 1, "bytes": 700_000}
    assert Revision.objects.get() == newest
    assert archive.stats().keys() == {shared, large}


def test_nothing_younger_than_an_hour_is_pruned(universe, settings, put_file):
    settings.ARCHIVE_DAYS, settings.ARCHIVE_REVISIONS, settings.ARCHIVE_MB = 1, 1, 0
    put_file("winter", "a.png"), put_file("winter", "b.png", b"b")
    for name in ("a.png", "b.png"):
        revisions.create(universe, "pull", files=archive.add_from_bucket("winter", [name]))
    Revision.objects.first().delete()
    assert revisions.prune() == {"revisions": 0, "files": 0, "bytes": 0}
    assert Revision.objects.count() == 1 and len(archive.stats()) == 2


@pytest.mark.django_db(transaction=True)
def test_keeping_prunes_once_in_a_while(old_revision, asset, settings):
    settings.ARCHIVE_REVISIONS = 1
    old_revision(hours=5), old_revision(hours=6)
    assert Revision.objects.count() == 2
    cache.clear()
    assets.delete(asset)
    assert Revision.objects.count() == 1


def test_the_command_prunes_and_says_so(old_revision, archived, settings):
    settings.ARCHIVE_DAYS = 1
    old_revision({"a.png": archived(b"o" * 1_500_000)}, hours=48)
    call_command("prune", stdout=(out := io.StringIO()))
    assert out.getvalue().strip() == "Deleted 1 revision, 1 archived file (1.5 MB) and 0 jobs."
    assert not archive.stats()
