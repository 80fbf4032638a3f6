"""The side here as a target: nothing here is lost by a pull, whole or broken."""

import resource
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.signals import post_save

from storage import archive, bucket
from storage.staging import PENDING
from syncer import progress, sync
from syncer.client import client
from syncer.errors import Conflict
from universes.media import files_of
from universes.models import Revision, Universe
from universes.services import assets, revisions, universes

from .conftest import ok, post, state, wipe

pytestmark = pytest.mark.django_db


# --- A pull loses nothing that lies here: not what is in its way, and not what comes while it runs


class Meanwhile(progress.Listener):
    """Does something between the plan and its first file."""

    def __init__(self, act):
        self.act = act

    def planned(self, plan):
        self.act()


def content(slug, name):
    with bucket.bucket().open(f"{slug}/{name}") as source:
        return source.read()


def kept(*, name):
    """The bytes of a file's copies that revisions hold, oldest first."""
    found = []
    for revision in Revision.objects.filter(files__has_key=name).order_by("created_at"):
        archive.restore(revision.files[name], "restored", name)
        found.append(content("restored", name))
    return found


def pull(slug, meanwhile):
    with progress.heard_by(Meanwhile(meanwhile)):
        return sync.run_pull(slug)


@contextmanager
def when_rows_are_written(act):
    """Does something in the midst of the transaction, where the revision is made."""

    def receiver(**kwargs):
        post_save.disconnect(receiver, sender=Revision)
        act()

    post_save.connect(receiver, sender=Revision)
    try:
        yield
    finally:
        post_save.disconnect(receiver, sender=Revision)


@pytest.fixture
def renamed(api, supabase, winter):
    """`winter`, which is called `snow` in Supabase by now."""
    ok(post(api, "push/winter"))
    (row,) = supabase.rows("univers")
    client().update("univers", row["id"], {"slug": "snow"})
    for key in supabase.keys("winter"):
        supabase.move(key, key.replace("winter/", "snow/"))
    return winter


def make_snow(put_file):
    other = universes.create(name="My snow", slug="snow")
    card = assets.create(other, display_name="Flake")
    put_file("snow", card.image_name, b"my flake")
    put_file("snow", "fr.mp3", b"my song")
    return other


class TestAnotherUniverseInTheWay:
    def test_it_is_a_conflict_before_anything_happens(self, api, renamed, put_file):
        make_snow(put_file)
        before = state("snow"), state("winter")
        for body in ({"dry_run": True}, {"force": True}):
            answer = post(api, "pull/snow", **body)
            assert answer.status_code == 409
            assert "'My snow'" in answer.json()["detail"]
        assert (state("snow"), state("winter")) == before
        assert not Revision.objects.exists()

    def test_a_dry_run_of_everything_says_so(self, api, renamed, put_file):
        make_snow(put_file)
        body = ok(post(api, "pull-all", dry_run=True))
        assert body["plans"] == []
        assert "'My snow'" in body["errors"][0]

    def test_one_that_comes_meanwhile_keeps_its_media(self, api, renamed, put_file):
        before = state("winter")
        with pytest.raises(Conflict):
            pull("snow", lambda: make_snow(put_file))
        assert state("winter") == before
        assert {name: content("snow", name) for name in bucket.names("snow")} == {
            "00_flake.png": b"my flake",
            "fr.mp3": b"my song",
        }

    def test_files_of_no_universe_are_kept(self, api, renamed, put_file):
        put_file("snow", "fr.mp3", b"hand-made")
        ok(post(api, "pull/snow"))
        assert content("snow", "fr.mp3") == b"song"
        assert kept(name="fr.mp3") == [b"hand-made"]

    def test_so_is_what_comes_to_the_old_folder(self, api, renamed, put_file):
        with when_rows_are_written(lambda: put_file("winter", "02_fox.png", b"drawn just now")):
            ok(post(api, "pull/snow"))
        assert bucket.names("winter") == set()
        assert kept(name="02_fox.png") == [b"drawn just now"]


class TestWhatComesMeanwhile:
    def test_a_picture_that_is_new_on_both_sides_is_kept(self, api, supabase, winter, put_file):
        ok(post(api, "push/winter"))
        bucket.remove("winter", "02_fox.png")
        pull("winter", lambda: put_file("winter", "02_fox.png", b"drawn just now"))
        assert content("winter", "02_fox.png") == b"picture 2" * 100
        assert kept(name="02_fox.png") == [b"drawn just now"]

    def test_the_same_picture_is_no_reason_for_a_revision(self, api, supabase, winter, put_file):
        ok(post(api, "push/winter"))
        bucket.remove("winter", "02_fox.png")
        pull("winter", lambda: put_file("winter", "02_fox.png", b"picture 2" * 100))
        assert not Revision.objects.exists()

    def test_it_comes_back_when_the_rows_can_not_be_written(self, api, supabase, winter, put_file):
        ok(post(api, "push/winter"))
        other = universes.create(name="Other", slug="other")
        winter.assets.filter(display_name="Moon").update(universe=other)
        bucket.remove("winter", "02_fox.png")
        bucket.remove("winter", "fr.mp3")
        with pytest.raises(Conflict):
            pull("winter", lambda: put_file("winter", "02_fox.png", b"drawn just now"))
        assert content("winter", "02_fox.png") == b"drawn just now"
        assert "fr.mp3" not in bucket.names("winter")

    @pytest.mark.parametrize("there", [True, False])
    def test_one_that_comes_when_the_rows_are_written_is_kept_too(
        self, api, supabase, winter, put_file, there
    ):
        ok(post(api, "push/winter"))
        put_file("winter", "02_fox.png", b"drawn before")
        if not there:
            client().remove(["winter/02_fox.png"])
        with when_rows_are_written(lambda: put_file("winter", "02_fox.png", b"drawn just now")):
            ok(post(api, "pull/winter"))
        assert ("02_fox.png" in bucket.names("winter")) == there
        assert kept(name="02_fox.png") == [b"drawn before", b"drawn just now"]

    def test_files_in_the_folder_of_a_universe_that_is_new_here(self, api, supabase, winter, put_file):
        ok(post(api, "push/winter"))
        Universe.objects.all().delete()
        put_file("winter", "02_fox.png", b"hand-made")
        ok(post(api, "pull/winter"))
        assert kept(name="02_fox.png") == [b"hand-made"]

    def test_a_deletion_that_broke_off_does_not_take_what_was_pulled_again(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        fox = winter.assets.get(display_name="Fox")
        revisions.create(winter, "delete_card", asset=fox, leaving=files_of(fox))
        fox.delete()
        ok(post(api, "pull/winter"))
        revisions.archive_leaving("winter")
        assert content("winter", "02_fox.png") == b"picture 2" * 100
        assert winter.assets.filter(display_name="Fox").exists()


# --- Pulls that break off before anything is written here


MB = 1024 * 1024


@pytest.fixture
def pushed(api, supabase, winter, settings):
    """What was pushed and is here no more; files come one at a time."""
    settings.SYNC_PARALLEL = 1
    ok(post(api, "push/winter"))
    before = state("winter")
    wipe()
    return before


def downloads(supabase):
    return supabase.sandbox.counters()["storage_reads"]


def staged(settings):
    return sorted(path.name for path in (settings.STORAGE_PATH / PENDING).rglob("*.*"))


def test_the_next_one_goes_on_with_what_came(api, supabase, pushed, settings):
    supabase.breaks("GET /storage/v1/object/univers/winter/thumbnail.jpg", "truncate")
    assert post(api, "pull/winter").status_code in (502, 503)
    assert not Universe.objects.exists()
    supabase.mends()
    before = downloads(supabase)
    ok(post(api, "pull/winter"))
    assert (downloads(supabase) - before, state("winter"), staged(settings)) == (1, pushed, [])


def test_but_not_if_it_is_another_by_now(api, supabase, pushed, tmp_path):
    supabase.breaks("GET /storage/v1/object/univers/winter/thumbnail.jpg", "500")
    assert post(api, "pull/winter").status_code == 502
    supabase.mends()
    (tmp_path / "song").write_bytes(b"gnos")
    client().upload(tmp_path / "song", "winter/fr.mp3")
    before = downloads(supabase)
    ok(post(api, "pull/winter"))
    assert downloads(supabase) - before == 2
    assert state("winter")[1]["fr.mp3"] != pushed[1]["fr.mp3"]


def size_of_database():
    """Bytes of SQLite's files, which tests before this one may have made large; none of a server's."""
    file = Path(connection.settings_dict["NAME"])
    return sum(one.stat().st_size for one in file.parent.glob(f"{file.name}*")) if file.is_absolute() else 0


@pytest.fixture
def full_disk(supabase, pushed, tmp_path):
    """No file here may grow beyond what the database needs, which fails as a full disk does; one over there has."""
    most = size_of_database() + 16 * MB
    supabase.sandbox.settings(file_size_limit=2 * most)
    with (tmp_path / "song").open("wb") as song:
        song.truncate(most + MB)
    client().upload(tmp_path / "song", "winter/fr.mp3")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_told_of_and_keeps_nothing(api, supabase, settings, full_disk):
    answer = post(api, "pull/winter")
    assert answer.status_code == 507, answer.json()
    assert "make room and pull 'winter' again" in answer.json()["detail"]
    assert not Universe.objects.exists()
    assert staged(settings) == []
