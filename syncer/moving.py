"""Files on their way, several at once."""

import shutil
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.conf import settings

from . import progress

ABANDONED_SECONDS = 24 * 3600


def in_parallel(work, items, heard=True):
    """Do `work(item)` for all, SYNC_PARALLEL at a time; the first error stops those that have not begun.

    The limit is one of the process, so that many universes together move no more files at once than one.
    `heard`: whether each counts as done for who listens. `work` must leave the database alone: its threads have
    no connection that anybody closes.
    """
    with ThreadPoolExecutor(settings.SYNC_PARALLEL, thread_name_prefix="sync") as pool:
        futures = [pool.submit(_in_a_slot, work, item) for item in items]
        try:
            for future in as_completed(futures):
                future.result()
                progress.done(int(heard))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _in_a_slot(work, item):
    with _slots(settings.SYNC_PARALLEL):
        return work(item)


@cache
def _slots(number):
    return threading.BoundedSemaphore(number)


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
