"""File systems that lack what others have: no promise fails where only a call is not known."""

import errno
import fcntl
import os
import stat
from pathlib import Path

import pytest

from storage import archive, bucket, files, staging
from storage.files import UNSUPPORTED

ERRORS = sorted(UNSUPPORTED)
NAMES = [errno.errorcode[number] for number in ERRORS]


@pytest.fixture(params=ERRORS, ids=NAMES)
def lacking(request, monkeypatch):
    """A function that takes a call away from the system, for files or folders that `only` says yes to."""

    def lack(module, name, only=lambda *arguments: True):
        real = getattr(module, name)

        def call(*arguments, **options):
            if only(*arguments):
                raise OSError(request.param, os.strerror(request.param))
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, call)

    return lack


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(b"picture")
    return path


def content():
    with bucket.fetched("winter", "00_a.png") as path:
        return path.read_bytes()


def is_folder(descriptor, *_):
    return stat.S_ISDIR(os.fstat(descriptor).st_mode)


def test_a_file_is_put_in_where_folders_are_not_flushed(lacking, picture):
    lacking(os, "fsync", is_folder)
    bucket.check_writable()
    bucket.put(picture, "winter", "00_a.png")
    assert content() == b"picture"


def test_a_file_is_archived_where_nothing_is_flushed(lacking, picture):
    lacking(os, "fsync")
    with archive.fetched(archive.add(picture)) as path:
        assert path.read_bytes() == b"picture"


def test_one_at_a_time_has_a_folder_where_there_are_no_locks(lacking):
    lacking(fcntl, "flock")
    folder = staging.new_pending(spared=())
    with staging.claim(folder) as first, staging.claim(folder) as second:
        assert (first, second) == (True, False)
    with staging.claim(folder) as third:
        assert third


@pytest.mark.parametrize("number", [*ERRORS, errno.EXDEV, errno.EMLINK])
def test_a_file_is_copied_with_its_time_where_there_are_no_links(number, monkeypatch, picture):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    os.utime(picture, (1000, 1000))
    files.link(picture, copy := picture.with_name("copy"))
    assert (copy.read_bytes(), copy.stat().st_mtime) == (b"picture", 1000)


def test_a_file_becomes_young_where_no_time_can_be_set(lacking, picture):
    bucket.put(picture, "winter", "00_a.png")
    with bucket.fetched("winter", "00_a.png") as path:
        os.utime(path, (1000, 1000))
    lacking(os, "utime")
    bucket.bucket().touch("winter/00_a.png")
    assert bucket.bucket().stat("winter/00_a.png").st_mtime > 1000
    assert content() == b"picture"


def test_an_upload_has_a_file_where_open_ones_keep_their_names(lacking):
    lacking(os, "unlink")
    with staging.anonymous_file() as file:
        file.write(b"song")
        file.seek(0)
        assert file.read() == b"song"


def test_a_folder_that_an_image_brought_is_set_aside_file_by_file(db, monkeypatch, picture):
    bucket.put(picture, "winter", "00_a.png")
    rename = Path.rename

    def of_files_alone(path, target):
        if path.name == "winter":
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", of_files_alone)
    bucket.trash_folder("winter", "label")
    assert [list(kept) for _aside, kept in archive.add_trash("label")] == [["00_a.png"]]
    assert bucket.bucket().folders() == []


def test_a_disk_that_can_not_be_read_is_still_an_error(monkeypatch, picture):
    def broken(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output error"):
        bucket.put(picture, "winter", "00_a.png")


def test_what_is_free_is_unknown_where_the_file_system_does_not_tell(monkeypatch, tmp_path):
    def refuse(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    assert files.free_bytes(tmp_path) > 0
    monkeypatch.setattr(os, "statvfs", refuse)
    assert files.free_bytes(tmp_path) is None
