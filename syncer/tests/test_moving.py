"""Files on their way, several at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

from syncer.moving import in_parallel


def test_all_universes_together_move_as_many_files_at_once_as_one_may(settings):
    settings.SYNC_PARALLEL = 3
    together, lock, at, most = threading.Barrier(3, timeout=30), threading.Lock(), set(), []

    def work(item):
        with lock:
            at.add(item)
            most.append(len(at))
        # Nobody gets on before there are three.
        together.wait()
        with lock:
            at.remove(item)

    with ThreadPoolExecutor(6) as universes:
        list(universes.map(lambda n: in_parallel(work, [(n, m) for m in range(4)]), range(6)))
    assert len(most) == 24
    assert max(most) == 3
