"""Bucket and archive, in a folder and on an S3 server."""

import hashlib
import io
import time

import pytest
from django.core.files.base import ContentFile

from storage import archive, bucket
from storage.models import FileRecord

pytestmark = pytest.mark.usefixtures("anywhere")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def read(name):
    with bucket.bucket().open(name) as source:
        return source.read()


def test_folders_of_a_bucket_that_is_not_there_yet():
    assert bucket.bucket().folders() == []


def test_saving_through_djangos_storage_keeps_the_name():
    assert bucket.bucket().save("winter/a.png", ContentFile(b"one")) == "winter/a.png"
    assert bucket.bucket().save("winter/a.png", ContentFile(b"two")) == "winter/a.png"
    with bucket.bucket().open("winter/a.png") as source:
        assert source.read() == b"two"


def test_removing_what_is_not_there_is_fine():
    bucket.remove("winter", "a.png")


def test_a_listing_has_digests_and_reads_a_file_once(db, put_file, django_assert_num_queries):
    put_file("winter", "a.png", b"content")
    first = bucket.listing("winter")["a.png"]
    assert (first.size, first.sha256) == (7, hashlib.sha256(b"content").hexdigest())
    assert first.md5 == hashlib.md5(b"content", usedforsecurity=False).hexdigest()
    with django_assert_num_queries(1):
        assert bucket.listing("winter") == {"a.png": first}


def test_a_listing_notices_what_changed_and_forgets_what_is_gone(db, put_file):
    put_file("winter", "a.png", b"one")
    put_file("winter", "b.png", b"two")
    bucket.listing("winter")
    put_file("winter", "a.png", b"three")
    bucket.remove("winter", "b.png")
    assert bucket.listing("winter")["a.png"].sha256 == hashlib.sha256(b"three").hexdigest()
    assert list(FileRecord.objects.values_list("key", flat=True)) == ["winter/a.png"]


def test_a_folder_that_goes_takes_its_records_along(db, put_file):
    put_file("winter", "a.png")
    put_file("winter_2", "a.png")
    bucket.listing("winter"), bucket.listing("winter_2")
    bucket.remove_folder("winter")
    assert bucket.names("winter") == set()
    assert list(FileRecord.objects.values_list("key", flat=True)) == ["winter_2/a.png"]


def test_the_archive_keeps_the_same_bytes_once_and_gives_them_back(put_file):
    put_file("winter", "a.png", b"content")
    put_file("winter", "b.png", b"content")
    kept = archive.add_from_bucket("winter", ["a.png", "b.png", "missing.png"])
    assert kept == {"a.png": sha256(b"content"), "b.png": sha256(b"content")}
    assert archive.stats().keys() == {sha256(b"content")}
    bucket.remove("winter", "a.png")
    archive.restore(sha256(b"content"), "winter", "a.png")
    assert read("winter/a.png") == b"content"


def test_an_archived_file_goes_unless_it_is_young(put_file, tmp_path):
    put_file("winter", "a.png", b"content")
    (name,) = archive.add_from_bucket("winter", ["a.png"]).values()
    assert archive.renew(name) and archive.size(name) == 7
    assert not archive.remove(name, older_than=time.time() - 60)
    assert archive.copy_to(name, tmp_path / "copy") == name
    assert archive.remove(name, older_than=time.time() + 60)
    assert not archive.remove(name, older_than=time.time() + 60)
    assert not archive.renew(name) and archive.size(name) is None
    with pytest.raises(FileNotFoundError):
        archive.restore(name, "winter", "a.png")
    with pytest.raises(FileNotFoundError):
        archive.opened(name)


def test_trash_waits_for_the_archive_and_files_that_come_later_stay(db, put_file):
    put_file("winter", "a.png", b"one"), put_file("winter", "b.png", b"two"), put_file("winter", "c.png")
    bucket.trash_files("winter", ["a.png", "missing.png"], "label", time.time())
    put_file("winter", "a.png", b"late")
    bucket.trash_files("winter", ["a.png"], "label", time.time() - 60)
    assert bucket.names("winter") == {"a.png", "b.png", "c.png"}
    ((_, kept),) = archive.add_trash("label")
    assert kept == {"a.png": sha256(b"one")}
    bucket.trash_folder("winter", "label")
    put_file("winter", "d.png")
    assert bucket.names("winter") == {"d.png"}
    found = archive.add_trash("label")
    assert sorted(name for _, names in found for name in names) == ["a.png", "a.png", "b.png", "c.png"]
    assert bucket.trash_labels() == {"label"}
    for trash, added in found:
        trash.discard(list(added)[1:])
    # A file that was not discarded stays, and nothing else.
    left = archive.add_trash("label")
    assert sorted(name for _, names in left for name in names) == sorted(next(iter(n)) for _, n in found)
    for trash, added in left:
        trash.discard(added)
    assert not bucket.trash_labels() and bucket.bucket().folders() == ["winter"]


def test_a_staged_copy_is_in_no_list_until_it_is_committed(db, put_file, file):
    put_file("winter", "a.png", b"old")
    before = bucket.stamp("winter", "a.png")
    with bucket.staged(file(b"new")) as copy:
        assert (bucket.names("winter"), read("winter/a.png")) == ({"a.png"}, b"old")
        bucket.commit(copy, "winter", "a.png")
    assert read("winter/a.png") == b"new"
    assert bucket.stamp("winter", "a.png") != before
    assert not bucket.bucket().leftovers(time.time() + 60)


def test_what_writers_that_were_killed_left_is_swept(put_file, file):
    put_file("winter", "a.png")
    block = bucket.staged(file(b"half"))
    block.__enter__()
    bucket.sweep(older_than=time.time() - 60)
    assert bucket.bucket().leftovers(time.time() + 60)
    bucket.sweep(older_than=time.time() + 60)
    assert not bucket.bucket().leftovers(time.time() + 60)
    assert bucket.names("winter") == {"a.png"}


def test_a_staged_folder_is_committed_whole_or_not_at_all(put_file):
    with bucket.staged_folder() as prepared:
        assert prepared.add("a.png", io.BytesIO(b"one")) == (3, sha256(b"one"))
        prepared.add("b.png", io.BytesIO(b"two"))
        assert bucket.bucket().folders() == []
        prepared.commit("winter")
        assert (read("winter/a.png"), read("winter/b.png")) == (b"one", b"two")
        prepared.roll_back("winter")
        assert not bucket.names("winter")
        put_file("winter", "c.png")
        with pytest.raises(FileExistsError):
            prepared.commit("winter")
    assert bucket.names("winter") == {"c.png"}
    assert not bucket.bucket().leftovers(time.time() + 60)
