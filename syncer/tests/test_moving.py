"""Files on their way, several at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from syncer.moving import in_parallel


def meet(number, patience):
    """Whether so many files of two universes are ever on their way at the same time."""
    barrier, met = threading.Barrier(number, timeout=patience), []

    def work(_):
        with suppress(threading.BrokenBarrierError):
            barrier.wait()
            met.append(True)

    with ThreadPoolExecutor(2) as universes:
        list(universes.map(lambda _: in_parallel(work, range(3)), range(2)))
    return bool(met)


def test_two_universes_together_move_as_many_files_at_once_as_one_may(settings):
    settings.SYNC_PARALLEL = 3
    assert meet(3, patience=30)
    assert not meet(4, patience=0.5)
