"""Several processes as one: started together, ended together."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

STOP_SECONDS = 12


class Processes:
    """Each runs in a session of its own, so that Ctrl-C reaches the one who started them alone."""

    def __init__(self):
        self.running = {}
        self.stop = threading.Event()

    def obey_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop.set())

    def start(self, name, arguments, env=None, **options):
        process = subprocess.Popen(
            [sys.executable, *arguments], env={**os.environ, **(env or {})}, start_new_session=True, **options
        )
        self.running[name] = process
        return process

    def run_until_one_ends(self, poll=0.2):
        """Wait for a signal, or for one to end by itself; returns that one's name, None after a signal."""
        while not self.stop.wait(poll):
            for name, process in self.running.items():
                if process.poll() is not None:
                    return name
        return None

    def end(self):
        """Ask all to end, then kill whatever is left of their process groups."""
        for process in reversed(self.running.values()):
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in reversed(self.running.values()):
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
