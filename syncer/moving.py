"""Files on their way, several at once."""

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cache

from django.conf import settings

from . import progress


def in_parallel(work, items, heard=True, on_disk=False):
    """Do `work(item)` for all, SYNC_PARALLEL at a time; the first error stops those that have not begun.

    The limit is one of the process, so that many universes together move no more files at once than one.
    `heard`: whether each counts as done for who listens. `on_disk`: whether they only move on this machine, and so
    take no place from those that come and go. `work` must leave the database alone: its threads have no connection
    that anybody closes.
    """
    with ThreadPoolExecutor(settings.SYNC_PARALLEL, thread_name_prefix="sync") as pool:
        futures = [pool.submit(work if on_disk else _in_a_slot(work), item) for item in items]
        try:
            for future in as_completed(futures):
                future.result()
                progress.done(int(heard))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _in_a_slot(work):
    def wait_and_work(item):
        with _slots(settings.SYNC_PARALLEL):
            return work(item)

    return wait_and_work


@cache
def _slots(number):
    return threading.BoundedSemaphore(number)
