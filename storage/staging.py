"""Files on their way into the bucket, on its disk: the system's temporary folder may be small, or memory."""

import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

ABANDONED_SECONDS = 24 * 3600


@contextmanager
def staging():
    """The path of an empty folder that goes with the block."""
    root = Path(settings.STORAGE_PATH) / "staging"
    root.mkdir(parents=True, exist_ok=True)
    _sweep(root)
    with tempfile.TemporaryDirectory(dir=root) as folder:
        yield Path(folder)


def _sweep(root):
    """Take away what a process that was killed left there long ago."""
    for folder in root.iterdir():
        # Others end, and sweep, at the same time.
        with suppress(FileNotFoundError):
            if folder.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                shutil.rmtree(folder)
