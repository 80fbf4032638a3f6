"""The process behind `qcluster`: it starts django-q2's cluster, wakes jobs, and replaces a cluster that hangs.

The cluster runs in a process group of its own, so that a signal to ours reaches this process alone: django-q2's
main process waits for ever for children that such a signal killed.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress
from typing import TextIO

from django.conf import settings
from django.core.management.base import OutputWrapper
from django.db import DatabaseError, close_old_connections, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.module_loading import import_string

from . import clock, daily, process, waker
from .models import Job, Worker

TICK_SECONDS = 0.1
BEAT_SECONDS = 5
# No worker took a message for so long, though one is free: the cluster hangs.
HANG_SECONDS = 12
MIGRATION_SECONDS = 1

log = logging.getLogger(__name__)


class Supervisor:
    def __init__(self, output: TextIO | OutputWrapper) -> None:
        self.output = output
        self.stop = threading.Event()
        self.id = uuid.uuid4().hex[:12]
        self.cluster: subprocess.Popen[bytes] | None = None
        self.pipe = -1
        # How often runners have taken a job, and when that last changed.
        self.taken, self.last_sign = -1, 0.0
        self.last_beat = 0.0
        self.clock_steps = clock.ClockSteps()

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        self._wait_for_migrations()
        if not self.stop.is_set():
            _run_before_start()
            clock.forget_times()
            self._start_cluster()
            self.output.write(f"Started {settings.WORKERS} workers and the waker.")
            self.output.flush()
        while not self.stop.wait(TICK_SECONDS):
            self._tick()
        self._end_cluster(process.STOP_SECONDS)
        with suppress(DatabaseError):
            Worker.objects.filter(id=self.id).delete()

    def _wait_for_migrations(self) -> None:
        """Let `migrate` of another process go first, saying so."""
        told = False
        while not self.stop.is_set() and _migrations_missing():
            if not told:
                self.output.write("The database is not ready; waiting for: manage.py migrate")
                self.output.flush()
                told = True
            self.stop.wait(MIGRATION_SECONDS)

    def _tick(self) -> None:
        try:
            close_old_connections()
            self.clock_steps.look()
            self._beat()
            waker.wake()
            hangs = self._hangs()
        except DatabaseError as error:
            log.warning("The waker could not reach the database and goes on: %s", error)
            connection.close()
            return
        if self.cluster is not None and self.cluster.poll() is not None:
            log.error("The cluster ended with code %s; a new one starts.", self.cluster.returncode)
            self._replace()
        elif hangs:
            log.error("The cluster takes no work; a new one replaces it.")
            self._replace()

    def _beat(self) -> None:
        if time.monotonic() - self.last_beat < BEAT_SECONDS:
            return
        self.last_beat = time.monotonic()
        process.mark()
        Worker.beat(self.id, settings.WORKERS)
        daily.send_due()

    def _hangs(self) -> bool:
        """Whether a message lies for long, no runner has begun for as long, and there is a worker to spare."""
        now, taken = time.monotonic(), waker.times_taken()
        if taken != self.taken:
            self.taken, self.last_sign = taken, now
        if now - self.last_sign < HANG_SECONDS or waker.oldest_unclaimed() < HANG_SECONDS:
            return False
        busy = Job.objects.filter(lease_owner__startswith=self.id, lease_until__gt=timezone.now()).count()
        return busy < int(settings.WORKERS)

    def _replace(self) -> None:
        self._end_cluster(0)
        self._start_cluster()

    def _start_cluster(self) -> None:
        connection.close()
        reader, self.pipe = os.pipe()
        self.last_sign = time.monotonic()
        self.cluster = subprocess.Popen(
            [sys.executable, sys.argv[0], "qcluster", "--only-cluster"],
            env={
                **os.environ,
                process.STOP_PIPE: str(reader),
                process.SUPERVISOR: str(os.getpid()),
                "MAGIKSWIPE_CLUSTER": self.id,
            },
            pass_fds=[reader],
            start_new_session=True,
        )
        os.close(reader)

    def _end_cluster(self, patience: float) -> None:
        """Ask the cluster to end, then kill what is left of its group: safe, since every step can be resumed."""
        if self.cluster is None:
            return
        os.close(self.pipe)
        with suppress(ProcessLookupError):
            self.cluster.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.cluster.wait(patience)
        with suppress(ProcessLookupError):
            os.killpg(self.cluster.pid, signal.SIGKILL)
        self.cluster.wait()
        self._free_leases()

    def _free_leases(self) -> None:
        """Nobody is left of this cluster: its jobs need not wait, nor count a death that was not their doing."""
        with suppress(DatabaseError):
            Job.objects.filter(lease_owner__startswith=self.id).update(lease_until=None, lease_owner="")


def _run_before_start() -> None:
    """Call the functions of JOB_BEFORE_START; one that fails is called again by the next start, and stops no job."""
    for path in settings.JOB_BEFORE_START:
        try:
            import_string(path)()
        except (DatabaseError, OSError) as error:
            log.warning("%s could not be done: %s", path, error)
    connection.close()


def _migrations_missing() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        log.warning("The database can't be reached: %s", error)
        return True
    finally:
        connection.close()
