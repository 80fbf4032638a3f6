"""Memory for decoded pictures and clips: so many bytes for each process, shared by all of its threads."""

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


# Decoded bytes stay below 512 MB, with some room for what no estimate sees.
DECODED = Budget(480 * 2**20)
