"""Files on their way, several at once."""

import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from . import progress

ABANDONED_SECONDS = 24 * 3600


def in_parallel(work, items, heard=True):
    """Do `work(item)` for all, SYNC_PARALLEL at a time; the first error stops those that have not begun.

    `heard`: whether each counts as done for who listens. `work` must leave the database alone: its threads have
    no connection that anybody closes.
    """
    with ThreadPoolExecutor(settings.SYNC_PARALLEL, thread_name_prefix="sync") as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            for future in as_completed(futures):
                future.result()
                progress.done(int(heard))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def staging():
    """An empty folder on the bucket's disk for files on their way in; it goes with the block."""
    root = Path(settings.STORAGE_PATH) / "staging"
    root.mkdir(parents=True, exist_ok=True)
    _sweep(root)
    with tempfile.TemporaryDirectory(dir=root, prefix="pull-") as folder:
        yield Path(folder)


def _sweep(root):
    """Take away what a process that was killed left there long ago."""
    for folder in root.glob("pull-*"):
        if folder.stat().st_mtime < time.time() - ABANDONED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
