"""Several processes as one: started together, ended together."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

STOP_SECONDS = 12


class Processes:
    """Each runs in a session of its own, so that Ctrl-C reaches the one who started them alone.

    `record`: a file with their numbers and commands for `end_left`, should this process be killed.
    """

    def __init__(self, record: Path):
        self.running, self.record = {}, record
        self.stop = threading.Event()

    def obey_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop.set())

    def start(self, name, arguments, env=None, **options):
        process = subprocess.Popen(
            [sys.executable, *arguments], env={**os.environ, **(env or {})}, start_new_session=True, **options
        )
        self.running[name] = process
        self.record.write_text(json.dumps({p.pid: command_of(p.pid) for p in self.running.values()}))
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
        self.record.unlink(missing_ok=True)


def end_left(record: Path) -> list[int]:
    """End the processes of a record whose own process was killed, with their groups; returns their numbers.

    A number that something else has got since is left alone: its command, or its session, is another.
    """
    try:
        recorded = json.loads(record.read_text() or "{}")
    except (OSError, ValueError):
        return []
    left = {int(pid): command for pid, command in recorded.items() if _is_left(int(pid), command)}
    for pid in left:
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while any(_is_left(*one) for one in left.items()) and time.monotonic() < end:
        time.sleep(0.1)
    for pid in left:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    return list(left)


def _is_left(pid, command):
    try:
        return bool(command) and command_of(pid) == command and os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def command_of(pid: int) -> str:
    """The command line of a process; empty when it has ended, or can't be told."""
    if Path("/proc/self").exists():
        with suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""
    ps = shutil.which("ps")
    told = ps and subprocess.run([ps, "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    return told.stdout.strip() if told else ""
