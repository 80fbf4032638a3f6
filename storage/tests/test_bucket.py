"""The folder behind the bucket: whole files, safe names, digests that are read once."""

import hashlib
import os
import threading
import time

import pytest
from django.core.files.base import ContentFile

from storage import archive, bucket
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


def test_the_archive_keeps_the_same_bytes_once_and_gives_them_back(put_file, empty_storage):
    put_file("winter", "a.png", b"content")
    put_file("winter", "b.png", b"content")
    kept = archive.add_from_bucket("winter", ["a.png", "b.png", "missing.png"])
    digest = hashlib.sha256(b"content").hexdigest()
    assert kept == {"a.png": digest, "b.png": digest}
    assert [p.name for p in (empty_storage / "archive").rglob("*") if p.is_file()] == [digest]
    bucket.remove("winter", "a.png")
    archive.restore(digest, "winter", "a.png")
    assert (empty_storage / "bucket" / "winter" / "a.png").read_bytes() == b"content"


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
        put_file("winter", "a.png")
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


def test_what_is_set_aside_waits_for_the_archive_and_what_comes_later_stays(db, put_file, empty_storage):
    put_file("winter", "a.png", b"one"), put_file("winter", "b.png", b"two"), put_file("winter", "c.png")
    bucket.trash_files("winter", ["a.png", "missing.png"], "label", time.time())
    put_file("winter", "a.png", b"late")
    bucket.trash_files("winter", ["a.png"], "label", time.time() - 60)
    assert bucket.names("winter") == {"a.png", "b.png", "c.png"}
    ((first, kept),) = archive.add_trash("label")
    assert kept == {"a.png": hashlib.sha256(b"one").hexdigest()}
    bucket.trash_folder("winter", "label")
    put_file("winter", "d.png")
    assert bucket.names("winter") == {"d.png"}
    found = dict(archive.add_trash("label"))
    assert {name for names in found.values() for name in names} == {"a.png", "b.png", "c.png"}
    assert bucket.trash_labels() == {"label"}
    late = next(aside for aside, names in found.items() if "b.png" in names).path / "late.png"
    late.write_bytes(b"late")
    for aside, names in found.items():
        aside.discard(names)
    ((aside, names),) = archive.add_trash("label")
    assert names == {"late.png": hashlib.sha256(b"late").hexdigest()}
    aside.discard(names)
    assert [p.name for p in (empty_storage / "bucket").iterdir()] == ["winter"]


def test_files_whose_setting_aside_broke_off_are_found_by_the_next(put_file, empty_storage):
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
