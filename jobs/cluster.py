"""The workers' own process group, as seen from inside: it ends when its supervisor does."""

import os
import signal
import threading
import time

from . import stopping

# The supervisor kills what is left by then; a cluster whose supervisor died does it to itself.
STOP_SECONDS = 8
PARENT_POLL_SECONDS = 0.2


def end_with_supervisor():
    """Watch the supervisor from a thread; when it dies without a word, end this process group."""
    if stopping.VARIABLE in os.environ:
        # Told by it: who asks for a parent that died already is given another's number.
        supervisor = int(os.environ[stopping.SUPERVISOR])
        threading.Thread(target=_watch, args=(supervisor,), daemon=True, name="watch-supervisor").start()


def _watch(supervisor):
    stopping.wait()
    # A supervisor that lives closed the pipe on purpose: it also sends the signal, and kills what stays.
    # One that dies closes its end a moment before it ceases to be our parent.
    while os.getppid() == supervisor:
        time.sleep(PARENT_POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.killpg(0, signal.SIGKILL)
