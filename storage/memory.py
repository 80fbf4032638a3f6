"""Memory for decoded pictures and clips: so many bytes for each process, shared by all of its threads."""

import ctypes
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from .errors import Busy


class Budget:
    """Bytes that are taken for a while; whoever finds too few waits, and is served in turn."""

    def __init__(self, total: int) -> None:
        self.total, self._free = total, total
        self._waiting: deque[object] = deque()
        self._changed = Condition()

    @contextmanager
    def taken(self, size: int, wait_seconds: float | None = None) -> Iterator[None]:
        """Hold so many bytes during the block, all there are at most.

        Raises Busy after `wait_seconds` in vain; None waits as long as it takes.
        """
        size = min(size, self.total)
        self._take(size, wait_seconds)
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()

    def _take(self, size: int, wait_seconds: float | None) -> None:
        turn = object()
        with self._changed:
            self._waiting.append(turn)
            try:
                if not self._changed.wait_for(
                    lambda: self._waiting[0] is turn and self._free >= size, wait_seconds
                ):
                    raise Busy
                self._free -= size
            finally:
                self._waiting.remove(turn)
                self._changed.notify_all()


# glibc's name for it (malloc.h); blocks from this size on are worth a call of the system each.
M_MMAP_THRESHOLD, LARGE_BYTES = -3, 2**20


def give_back_freed() -> None:
    """Have this process return large blocks to the system as soon as they are freed.

    glibc would keep some for each thread, hundreds of megabytes after large pictures; other C libraries are left
    alone. https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


# Decoded bytes stay below 512 MB, with some room for what no estimate sees.
DECODED = Budget(480 * 2**20)
