"""The progress of a sync, told to a listener, and files that are moved in parallel."""

import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TypeVar

from django.conf import settings

from .plan import Plan

Item = TypeVar("Item")
AListener = TypeVar("AListener", bound="Listener")


class Listener:
    """Told of the syncs of its thread; this one does nothing."""

    def planned(self, plan: Plan) -> None:
        """A plan is about to be applied."""

    def done(self, number: int) -> None:
        """So many rows or files are written."""


_silent = Listener()
_listener: ContextVar[Listener] = ContextVar("listener", default=_silent)


@contextmanager
def heard_by(listener: AListener) -> Iterator[AListener]:
    token = _listener.set(listener)
    try:
        yield listener
    finally:
        _listener.reset(token)


def planned(plan: Plan) -> None:
    _listener.get().planned(plan)


def done(number: int = 1) -> None:
    _listener.get().done(number)


def in_parallel(
    work: Callable[[Item], object], items: Collection[Item], counted: bool = True, on_disk: bool = False
) -> None:
    """Call `work(item)` for all items, SYNC_PARALLEL at a time; an error cancels those that have not begun.

    The limit is one of the process, whatever the number of universes; `on_disk` work, which uses no network, is
    exempt from it. `counted`: each item is progress. `work` must not use the database: nobody closes the
    connections of its threads.
    """
    with ThreadPoolExecutor(settings.SYNC_PARALLEL, thread_name_prefix="sync") as pool:
        futures = [pool.submit(work if on_disk else _limited(work), item) for item in items]
        try:
            for future in as_completed(futures):
                future.result()
                done(int(counted))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _limited(work: Callable[[Item], object]) -> Callable[[Item], object]:
    def wait_and_work(item: Item) -> object:
        with _slots(settings.SYNC_PARALLEL):
            return work(item)

    return wait_and_work


@cache
def _slots(number: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(number)
