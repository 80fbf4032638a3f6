"""Bucket and archive in a folder: links, leftovers of killed processes, writers and deleters at once."""

import hashlib
import os
import threading
import time

import pytest
from django.core.files.base import ContentFile
from django.utils.module_loading import import_string

from storage import archive, bucket
from storage.folder import FolderStorage
from storage.names import UnsafeName, safe_key

HOSTILE = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "-rf",
    ".part-1",
    "a\0b",
    "é.png",
    "a" * 151,
    "name.",
    "a b",
    "a\n",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_an_unsafe_name_is_refused_wherever_it_is_used(name, tmp_path):
    (tmp_path / "source").write_bytes(b"x")
    for use in (
        lambda: safe_key("winter", name),
        lambda: bucket.put(tmp_path / "source", "winter", name),
        lambda: bucket.remove("winter", name),
        lambda: bucket.remove_folder(name),
    ):
        with pytest.raises(UnsafeName):
            use()


def test_files_are_listed_but_not_folders_links_or_halves(empty_storage, put_file):
    put_file("winter", "a.png")
    folder = empty_storage / "bucket" / "winter"
    (folder / "inner").mkdir()
    (folder / ".part-1").write_text("half")
    (folder / "link.png").symlink_to(folder / "a.png")
    assert bucket.names("winter") == {"a.png"}
    assert bucket.names("summer") == set()
    assert bucket.bucket().folders() == ["winter"]


def test_a_write_that_breaks_off_leaves_the_old_file_and_no_half(empty_storage, put_file):
    class Broken(ContentFile):
        def chunks(self, chunk_size=None):
            yield b"half"
            raise ZeroDivisionError

    put_file("winter", "a.png", b"old")
    with pytest.raises(ZeroDivisionError):
        bucket.bucket().save("winter/a.png", Broken(b""))
    assert (empty_storage / "bucket" / "winter" / "a.png").read_bytes() == b"old"
    assert [p.name for p in (empty_storage / "bucket").rglob("*") if p.is_file()] == ["a.png"]


def test_removing_a_folder_that_is_a_link_spares_what_it_points_to(empty_storage, db):
    outside = empty_storage / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (empty_storage / "bucket").mkdir()
    (empty_storage / "bucket" / "winter").symlink_to(outside)
    bucket.remove_folder("winter")
    assert (outside / "kept").exists()
    assert not (empty_storage / "bucket" / "winter").is_symlink()


def test_an_archived_file_that_is_gone_says_so():
    with pytest.raises(FileNotFoundError, match="is gone"):
        archive.restore("0" * 64, "winter", "a.png")
    with pytest.raises(UnsafeName):
        archive.restore("../../secret", "winter", "a.png")


def test_an_archived_file_is_named_by_the_bytes_that_were_copied(tmp_path, empty_storage):
    # What comes out of a pipe can be read once alone, as bytes that are replaced meanwhile can.
    os.mkfifo(pipe := tmp_path / "pipe")
    writer = threading.Thread(target=pipe.write_bytes, args=[b"content"])
    writer.start()
    sha256 = archive.add(pipe)
    writer.join(120)
    assert sha256 == hashlib.sha256(b"content").hexdigest()
    assert (empty_storage / "archive" / sha256[:2] / sha256).read_bytes() == b"content"


def test_a_file_that_goes_away_while_it_is_archived_is_whole_or_not_there(empty_storage, put_file):
    whole = {"a.png": hashlib.sha256(b"content").hexdigest()}
    put_file("winter", "a.png")
    assert archive.add_from_bucket("winter", ["a.png"]) == whole
    for _ in range(20):
        put_file("winter", "a.png", b"content")
        remover = threading.Thread(target=bucket.remove, args=["winter", "a.png"])
        remover.start()
        assert archive.add_from_bucket("winter", ["a.png"]) in ({}, whole)
        remover.join(120)
    assert archive.add_from_bucket("winter", ["a.png"]) == {}


def test_a_folder_goes_away_below_those_who_write_to_it(db, empty_storage, tmp_path):
    (source := tmp_path / "source").write_bytes(b"x")
    failed, stop = [], threading.Event()

    def write():
        while not stop.is_set():
            try:
                bucket.put(source, "winter", "a.png")
            except OSError as error:
                failed.append(error)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(500):
            bucket.remove_folder("winter")
    finally:
        stop.set()
        for writer in writers:
            writer.join(120)
    assert not failed
    assert not list((empty_storage / "bucket").glob(".*"))


def test_a_file_in_a_folders_place_is_an_error(empty_storage, tmp_path):
    (source := tmp_path / "source").write_bytes(b"x")
    (empty_storage / "bucket").mkdir()
    (empty_storage / "bucket" / "winter").write_text("no folder")
    with pytest.raises(FileExistsError):
        bucket.put(source, "winter", "a.png")


def test_trash_that_was_half_filled_is_completed_by_the_next_call(put_file, empty_storage):
    put_file("winter", "a.png"), put_file("winter", "b.png")
    (half := empty_storage / "bucket" / ".filling-label").mkdir()
    (empty_storage / "bucket" / "winter" / "a.png").rename(half / "a.png")
    bucket.trash_files("winter", ["a.png", "b.png"], "label", time.time())
    ((_, kept),) = archive.add_trash("label")
    assert kept.keys() == {"a.png", "b.png"}


def test_what_killed_writers_and_deleters_left_is_swept(put_file, empty_storage):
    put_file("winter", "a.png")
    top = empty_storage / "bucket"
    (top / ".part-old").write_text("half"), (top / ".part-new").write_text("half")
    (top / ".gone-old").mkdir(), (top / ".gone-old" / "a.png").write_text("x")
    for old in (top / ".part-old", top / ".gone-old"):
        os.utime(old, (0, 0))
    bucket.sweep(older_than=60)
    assert {p.name for p in top.iterdir()} == {".part-new", "winter"}


def test_an_archived_file_that_was_kept_again_is_young_again(put_file, empty_storage):
    put_file("winter", "a.png", b"content")
    (sha256,) = archive.add_from_bucket("winter", ["a.png"]).values()
    os.utime(empty_storage / "archive" / sha256[:2] / sha256, (0, 0))
    archive.add_from_bucket("winter", ["a.png"])
    assert not archive.remove(sha256, older_than=60)
    os.utime(empty_storage / "archive" / sha256[:2] / sha256, (0, 0))
    assert archive.remove(sha256, older_than=60) and not archive.stats()
    assert not archive.remove(sha256, older_than=60)


def test_settings_of_earlier_versions_still_name_the_folders_class():
    assert import_string("storage.backends.FolderStorage") is FolderStorage
