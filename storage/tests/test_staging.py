"""Where files lie on their way in."""

import os
import time
from pathlib import Path

import pytest

from storage.staging import ABANDONED_SECONDS, staging


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
