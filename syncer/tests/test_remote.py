"""Supabase's side: how its files and rows are read."""

import pytest

from syncer import remote, remote_rows
from syncer.client import client
from syncer.errors import RemoteError
from syncer.sides import File
from universes.rows import UNIVERS

from .conftest import ok, post

pytestmark = pytest.mark.django_db


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
