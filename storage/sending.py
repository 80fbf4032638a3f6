"""Files that a process of the web server sends: never in so many threads that none is left to answer the rest.

A thread sends one answer at a time, as slowly as its reader takes it. With SENDFILE or BUCKET_PUBLIC_URL another server
sends media, and none of this is met.
"""

import time
import weakref
from functools import cache
from threading import BoundedSemaphore

from django.conf import settings
from django.http import FileResponse, HttpResponseBase, JsonResponse

# While files are sent in no time, one more waits for a place as long; else it would have to wait for a slow reader.
LIVELY_SECONDS, PATIENCE_SECONDS = 1, 0.4
AGAIN_SECONDS = 5
BUSY = "Too many files are being sent; try again in a few seconds."


class Places:
    """So many senders at once; `take` and `give_back` are for one each."""

    def __init__(self, number: int) -> None:
        self._free = BoundedSemaphore(number)
        self._moved = 0.0

    def take(self) -> bool:
        """Whether there is a place now, or in a moment."""
        lively = time.monotonic() - self._moved < LIVELY_SECONDS
        if got := self._free.acquire(timeout=PATIENCE_SECONDS if lively else 0):
            self._moved = time.monotonic()
        return got

    def give_back(self) -> None:
        self._moved = time.monotonic()
        self._free.release()


@cache
def places() -> Places:
    """Those of this process: half of its threads."""
    return Places(max(1, settings.WEB_THREADS // 2))


class SentFile(FileResponse):
    """A file that takes one of the places from `begin` until it is closed, or gone."""

    def begin(self) -> HttpResponseBase:
        """Itself; a 503 with Retry-After where there is no place for it."""
        if not places().take():
            self.close()
            headers = {"Retry-After": str(AGAIN_SECONDS), "Cache-Control": "no-store"}
            return JsonResponse({"detail": BUSY}, status=503, headers=headers)
        self._ended = weakref.finalize(self, places().give_back)
        self._ended.atexit = False
        return self

    def close(self) -> None:
        super().close()
        if hasattr(self, "_ended"):
            self._ended()
