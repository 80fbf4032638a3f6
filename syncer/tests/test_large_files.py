"""A file of 300 MB passes in pieces: neither a push nor a pull ever has it in memory."""

import re

import pytest

from tests.stack import Stack

SIZE = 300 * 1024 * 1024
MOST_KB = 250 * 1024

MAKE = f"""
from pathlib import Path
from storage import bucket
from storage.staging import staging
from universes.names import video_name
from universes.services import assets, universes
card = assets.create(universes.create(name="Winter", slug="winter"), display_name="Fox")
with staging() as folder:
    with (folder / "clip").open("wb") as clip:
        clip.truncate({SIZE})
    bucket.put(folder / "clip", "winter", video_name(card.image_name))
"""
RUN = """
from pathlib import Path
from django.core.management import call_command
call_command("{command}", "winter", force=True)
print(Path("/proc/self/status").read_text())
"""
WIPE = """
from universes.models import Universe
from universes.services import universes
universes.delete(Universe.objects.get())
"""


@pytest.fixture
def stack(tmp_path, sandbox):
    sandbox.settings(file_size_limit=2 * SIZE)
    stack = Stack(tmp_path)
    stack.use(sandbox)
    yield stack
    stack.stop()


def peak(stack, command):
    """The most memory that a command ever had, in kB."""
    said = stack.manage("shell", "-c", RUN.format(command=command)).stdout
    return int(re.search(r"VmHWM:\s+(\d+) kB", said)[1])


@pytest.mark.slow
def test_pushed_and_pulled(stack, sandbox):
    stack.manage("shell", "-c", MAKE)
    assert peak(stack, "sync_push") < MOST_KB
    assert sandbox.counters()["files_written"] == 1
    stack.manage("shell", "-c", WIPE)
    assert peak(stack, "sync_pull") < MOST_KB
    assert (stack.folder / "var/buckets/univers/winter/00_fox.mp4").stat().st_size == SIZE
