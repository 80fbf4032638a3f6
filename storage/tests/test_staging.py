"""Where files lie on their way in."""

import os
import time
from pathlib import Path

import pytest

from storage.staging import ABANDONED_SECONDS, claim, new_pending, pending, remove, staging, sweep


@pytest.fixture
def root(settings, tmp_path):
    settings.STORAGE_PATH = str(tmp_path)
    return tmp_path / "staging"


def test_a_folder_on_the_buckets_disk_goes_with_what_lies_in_it(root):
    with staging() as folder:
        (folder / "clip.mp4").write_bytes(b"content")
        assert folder.parent == root
    assert not list(root.iterdir())


def test_what_a_killed_process_left_goes_a_day_later_and_what_others_need_stays(root):
    for name, age in (("old", ABANDONED_SECONDS + 60), ("young", 60)):
        (root / name).mkdir(parents=True)
        (root / name / "clip.mp4").write_bytes(b"content")
        os.utime(root / name, (time.time() - age,) * 2)
    with staging() as folder:
        assert set(root.iterdir()) == {root / "young", Path(folder)}


class TestPending:
    def test_it_stays_until_it_is_removed(self, root):
        folder = new_pending(spared=())
        (folder / "clip.mp4").write_bytes(b"content")
        assert pending(folder.name) == folder
        for _ in range(2):
            remove(folder)
            assert not folder.exists()

    def test_of_the_abandoned_ones_those_stay_that_are_spared(self, root):
        spared, abandoned = new_pending(spared=()), new_pending(spared=())
        for folder in (spared, abandoned):
            os.utime(folder, (time.time() - ABANDONED_SECONDS - 60,) * 2)
        with staging():
            assert abandoned.exists()
        new_pending(spared={spared.name})
        assert spared.exists()
        assert not abandoned.exists()

    def test_one_at_a_time_has_it(self, root):
        folder = new_pending(spared=())
        with claim(folder) as first, claim(folder) as second:
            assert (first, second) == (True, False)
        with claim(folder) as third:
            assert third
        remove(folder)
        with claim(folder) as gone:
            assert gone


def test_a_folder_that_somebody_is_at_is_not_abandoned_however_old_it_looks():
    """As after a clock was set ahead by a day."""
    with staging() as folder:
        (folder / "file").write_bytes(b"x")
        os.utime(folder, (0, 0))
        sweep()
        with staging():
            assert (folder / "file").exists()
    assert not folder.exists()
