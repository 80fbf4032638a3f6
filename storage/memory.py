"""A budget of memory for decoded pictures and clips, shared by the threads of a process."""

import ctypes
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from .errors import Busy


class Budget:
    """A number of bytes; threads that find too few wait, first come first served."""

    def __init__(self, total: int) -> None:
        self.total, self._free = total, total
        self._waiting: deque[object] = deque()
        self._changed = Condition()

    @contextmanager
    def taken(self, size: int, wait_seconds: float | None = None) -> Iterator[None]:
        """Hold `size` bytes during the block, or all there are if it is more.

        Raises Busy after `wait_seconds`; None: no limit.
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


# From malloc.h; blocks of this size and more are worth a system call each.
M_MMAP_THRESHOLD, LARGE_BYTES = -3, 2**20


def give_back_freed() -> None:
    """Make malloc return large blocks to the system as soon as they are freed.

    glibc keeps hundreds of megabytes after large pictures; other C libraries are left alone.
    https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


# A process stays below 512 MB of decoded bytes; estimates are a little low.
DECODED = Budget(480 * 2**20)
