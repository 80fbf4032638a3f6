"""A worker's process: the job and step that a thread is at, the wish to stop, and the mark that it lives.

Nothing here needs Django, so that logs and the check of a container can use it.
"""

import os
import select
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

# The supervisor kills what is left by then; a cluster whose supervisor died does it to itself.
STOP_SECONDS = 8
PARENT_POLL_SECONDS = 0.2
# A worker marks every few seconds.
MARK_SECONDS = 30
# Environment of a cluster: the pipe whose other end its supervisor holds, and the supervisor's process id.
STOP_PIPE, SUPERVISOR = "MAGIKSWIPE_STOP_FD", "MAGIKSWIPE_SUPERVISOR"

_work: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("magikswipe_work", default=())


def current_work() -> dict[str, str]:
    """`{"job": id, "step": key}`, as far as this thread is at one."""
    return dict(_work.get())


@contextmanager
def working_on(**ids: str) -> Iterator[None]:
    """Lines that are logged within the block belong to this job or step."""
    token = _work.set((*_work.get(), *ids.items()))
    try:
        yield
    finally:
        _work.reset(token)


def stop_requested() -> bool:
    """Whether the supervisor closed its end of the pipe, or died; False where no supervisor is."""
    descriptor = os.environ.get(STOP_PIPE)
    return descriptor is not None and bool(select.select([int(descriptor)], [], [], 0)[0])


def end_with_supervisor() -> None:
    """Watch the supervisor from a thread; when it dies without a word, end this process group."""
    if STOP_PIPE in os.environ:
        # From the environment: a parent that has died already is replaced by another's number.
        supervisor = int(os.environ[SUPERVISOR])
        threading.Thread(
            target=_end_after, args=(supervisor,), daemon=True, name="end-with-supervisor"
        ).start()


def _end_after(supervisor: int) -> None:
    select.select([int(os.environ[STOP_PIPE])], [], [])
    # A supervisor that lives closed the pipe on purpose: it also sends the signal, and kills what stays.
    # One that dies closes its end a moment before it ceases to be our parent.
    while os.getppid() == supervisor:
        time.sleep(PARENT_POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.killpg(0, signal.SIGKILL)


def mark_path() -> Path:
    """The file that shows that this user's worker on this machine lives, whether or not the database answers."""
    return Path(tempfile.gettempdir()) / f"magikswipe-worker-{os.getuid()}"


def mark() -> None:
    mark_path().touch()


def is_marked() -> bool:
    """Whether a worker of this machine and user has marked lately."""
    try:
        # A mark of a time to come was made by a clock that was set back since.
        return abs(time.time() - mark_path().stat().st_mtime) < MARK_SECONDS
    except FileNotFoundError:
        return False
