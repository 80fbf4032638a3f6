"""The side in Supabase: files and rows as they are read, older layouts, lacking columns."""

import pytest

from storage import bucket
from syncer import remote, remote_rows
from syncer.client import client
from syncer.errors import RemoteError
from syncer.sides import File
from universes.models import Asset, AssetPrompts, Universe
from universes.rows import UNIVERS
from universes.services import assets

from .conftest import ok, post, state, wipe

pytestmark = pytest.mark.django_db


# --- Supabase's side: how its files and rows are read


class Listing:
    """A client that lists what it is given: ETags that are no MD5, as large uploads get them."""

    def __init__(self, *entries):
        self.entries = [
            {"name": name, "id": name, "metadata": {"eTag": f'"{etag}"', "size": size}}
            for name, etag, size in entries
        ]

    def listing(self, folder):
        return self.entries


def test_a_file_with_a_telling_etag_is_known_by_it():
    files, *_ = remote.listing(Listing(("a.png", "a" * 32, 3)), "winter")
    assert files["a.png"] == File("a.png", 3, md5="a" * 32, etag="a" * 32)


def test_one_with_another_etag_is_known_once_it_was_the_same():
    there, *_ = remote.listing(Listing(("a.mp4", "abc-2", 3)), "winter")
    here = {"a.mp4": File("a.mp4", 3, md5="m", sha256="s")}
    assert here["a.mp4"].difference(there["a.mp4"]) == "content not known to be the same"
    remote.remember("winter", there, here)
    there, *_ = remote.listing(Listing(("a.mp4", "abc-2", 3)), "winter")
    assert here["a.mp4"].difference(there["a.mp4"]) == ""
    changed, *_ = remote.listing(Listing(("a.mp4", "def-2", 3)), "winter")
    assert here["a.mp4"].difference(changed["a.mp4"]) == "content not known to be the same"


@pytest.mark.parametrize("seconds", [60, 0, 3600])
def test_what_is_uploaded_has_its_type_and_may_be_cached(supabase, settings, tmp_path, seconds):
    if seconds != 60:
        settings.SUPABASE_CACHE_SECONDS = seconds
    (tmp_path / "clip").write_bytes(b"clip")
    client().upload(tmp_path / "clip", "winter/00_fox.mp4")
    (entry,) = client().listing("winter")
    assert entry["metadata"]["mimetype"] == "video/mp4"
    assert entry["metadata"]["cacheControl"] == f"max-age={seconds}"


def test_a_file_kept_longer_changes_when_it_is_written_and_not_before(
    api, supabase, settings, winter, put_file
):
    settings.SUPABASE_CACHE_SECONDS = 3600
    ok(post(api, "push/winter"))
    settings.SUPABASE_CACHE_SECONDS = 60
    written = supabase.written()
    assert ok(post(api, "push/winter"))["synced_items"] == 0
    assert supabase.written() == written
    put_file("winter", "00_snowflake.png", b"drawn anew")
    ok(post(api, "push/winter"))
    kept = {entry["name"]: entry["metadata"]["cacheControl"] for entry in client().listing("winter")}
    assert (kept["00_snowflake.png"], kept["fr.mp3"]) == ("max-age=60", "max-age=3600")


def test_a_file_that_changed_size_since_it_was_listed_is_no_file(supabase, tmp_path):
    (tmp_path / "clip").write_bytes(b"clip")
    client().upload(tmp_path / "clip", "winter/00_fox.mp4")
    for size in (3, 5):
        with pytest.raises(RemoteError, match="came with"):
            client().download("winter/00_fox.mp4", tmp_path / "came", size)


def test_more_files_than_a_page_are_listed(supabase, tmp_path):
    (tmp_path / "x").write_bytes(b"x")
    for number in range(101):
        client().upload(tmp_path / "x", f"winter/{number:03d}_x.png")
    assert len({entry["name"] for entry in client().listing("winter")}) == 101


@pytest.mark.parametrize("by_cursor", [True, False])
def test_only_what_lies_in_just_this_folder_is_listed(supabase, tmp_path, by_cursor):
    if not by_cursor:
        supabase.breaks("POST /storage/v1/object/list-v2", "404")
    (tmp_path / "x").write_bytes(b"x")
    for key in ("winter/00_x.png", "winter/assets/01_x.png", "winter-2/02_x.png", "Winter/03_x.png"):
        client().upload(tmp_path / "x", key)
    listed = {entry["name"] for entry in client().listing("winter")}
    # Older servers don't tell `Winter` from `winter`.
    assert listed == {"00_x.png", "assets/01_x.png"} | (set() if by_cursor else {"03_x.png"})


def test_fewer_rows_a_page_than_asked_for_are_no_reason_to_stop(supabase):
    client().insert("univers", [{"name": "U", "slug": f"u-{number}"} for number in range(25)])
    supabase.sandbox.settings(max_rows=10)
    rows = client().select("univers")
    assert len({row["id"] for row in rows}) == 25
    tables = remote_rows.WholeTables(client())
    assert tables.where(UNIVERS, "slug", ["u-24"])[0]["slug"] == "u-24"


def test_times_read_the_same_however_they_are_written():
    row = {
        "id": 1,
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T05:04:05.5+02:00",
        "name": "x",
    }
    seen = remote_rows.universes(Rows(row | {"slug": "x"}))[0][0]
    assert seen["created_at"] == "2026-01-02T03:04:05+00:00"
    assert seen["updated_at"] == "2026-01-02T03:04:05.500000+00:00"


class Rows:
    """A client whose tables all hold these rows."""

    def __init__(self, *rows):
        self.rows = list(rows)

    def select(self, table, column=None, values=None):
        return self.rows


# --- Universes whose media lie in `assets/` and `music/` over there: read flat, and left alone


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


# --- A Supabase whose tables lack columns that we have: they are said, left out and never written


LACKING = {
    "univers": ["background_color", "is_public"],
    "univers_assets": ["created_at", "sort_order"],
    "univers_assets_prompts": ["generation_count"],
    "univers_music_prompts": ["lyrics"],
}


@pytest.fixture
def narrow(supabase):
    supabase.sandbox.settings(missing_columns=LACKING)
    return supabase


def assert_said(body):
    notes = "\n".join(body["notes"])
    for table, columns in LACKING.items():
        for column in columns:
            assert f"the column {table}.{column} is missing in Supabase" in notes


def test_a_first_push_to_empty_tables_leaves_them_out(api, narrow, winter):
    assert_said(ok(post(api, "push/winter")))
    assert narrow.names("univers_assets") == {"Snowflake", "Sledge", "Fox", "Moon"}
    assert "sort_order" not in narrow.rows("univers_assets")[0]


def test_then_nothing_is_to_do_either_way(api, narrow, winter):
    ok(post(api, "push/winter"))
    before, written = state("winter"), narrow.written()
    for path in ("push/winter", "pull/winter", "pull-all"):
        body = ok(post(api, path))
        assert body["message"] == "Nothing to do." or body["files_downloaded"] == 0
        assert_said(body)
    assert (state("winter"), narrow.written()) == (before, written)
    states = api.get("/api/sync/status?diff=true").json()["universes"]
    assert states == [{"slug": "winter", "state": "same"}]


def test_what_is_only_here_is_not_planned_and_survives_a_pull(api, narrow, winter):
    ok(post(api, "push/winter"))
    Asset.objects.update(sort_order=99)
    AssetPrompts.objects.update(generation_count=7)
    for path in ("push/winter", "pull/winter"):
        assert ok(post(api, path))["synced_items"] == 0
    assert set(Asset.objects.values_list("sort_order", flat=True)) == {99}


def test_changes_go_in_bulk_without_them(api, narrow, winter):
    for number in range(12):
        assets.create(winter, display_name=f"Card {number}")
    ok(post(api, "push/winter"))
    Asset.objects.update(display_name="New", sort_order=99)
    assert ok(post(api, "push/winter"))["synced_items"] == 16
    assert narrow.names("univers_assets") == {"New"}


def test_a_pull_fills_them_with_what_they_are_by_default(api, narrow, winter):
    ok(post(api, "push/winter"))
    wipe()
    ok(post(api, "pull/winter"))
    assert Universe.objects.get().is_public is True
    assert Asset.objects.count() == 4


@pytest.mark.parametrize(
    ("table", "column"), [("univers_translations", "language"), ("univers_assets", "image_name")]
)
def test_one_that_rows_are_told_apart_by_is_an_error(api, supabase, winter, table, column):
    ok(post(api, "push/winter"))
    before, written = state("winter"), supabase.written()
    supabase.sandbox.settings(missing_columns={table: [column]})
    for path in ("push/winter", "pull/winter"):
        answer = post(api, path, force=True)
        assert answer.status_code == 502
        assert f"{table} in Supabase has no column {column}" in answer.json()["detail"]
    assert (state("winter"), supabase.written()) == (before, written)
