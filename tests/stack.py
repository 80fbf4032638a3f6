"""The product as it runs: web server, worker and sandbox as processes on a data folder of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests.services import drop_database, free_port, own_database, own_redis

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 90
# A demo on a busy machine, which draws, animates and sings.
LONGEST_COMMAND = 300


class Stack:
    def __init__(self, folder, migrated=True, within=(), **env):
        """`within`: a command that runs each of its processes, in a namespace for instance."""
        self.folder, self.within = Path(folder), within
        self.port = free_port()
        self.database = own_database()
        self.env = {
            **os.environ,
            "SECRET_KEY": "for-the-tests-alone-" + "x" * 40,
            "DEBUG": "true",
            "API_OPEN": "true",
            "HTTPS": "false",
            "STORAGE_PATH": str(self.folder / "var"),
            "DATABASE_URL": self.database,
            "REDIS_URL": own_redis(),
            "BUCKET_URL": "",
            "ARCHIVE_URL": "",
            "REPLICATE_API_TOKEN": "",
            "SUPABASE_URL": "",
            "SUPABASE_SERVICE_ROLE_KEY": "",
            "WEB_CONCURRENCY": "1",
            "WORKERS": "2",
            **env,
        }
        self.processes = []
        self.api = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        if migrated:
            self.manage("migrate", "-v", "0")

    def use(self, sandbox):
        """Point both services to a running sandbox."""
        self.env |= {
            "REPLICATE_API_TOKEN": sandbox.key,
            "REPLICATE_BASE_URL": sandbox.url,
            "SUPABASE_URL": sandbox.url,
            "SUPABASE_SERVICE_ROLE_KEY": sandbox.key,
        }

    def manage(self, *arguments, check=True):
        """Run a management command to its end; returns the finished process with its output as text."""
        done = subprocess.run(
            [*self.within, sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=LONGEST_COMMAND,
        )
        if check and done.returncode:
            raise AssertionError(f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, *arguments):
        """Start a process in a group of its own."""
        process = subprocess.Popen(
            [*self.within, sys.executable, *arguments],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def start_worker(self):
        """Start `qcluster` and wait until it says that it has."""
        process = self.start("manage.py", "qcluster")
        for line in process.stdout:
            if line.startswith("Started"):
                return process
        raise AssertionError("The worker ended before it was ready.")

    def start_web(self):
        process = self.start("-m", "gunicorn", "magikswipe.wsgi", "-b", f"127.0.0.1:{self.port}")
        self.until(self.answers)
        return process

    def answers(self):
        with suppress(httpx.TransportError):
            return self.api.get("/health").is_success
        return False

    def until(self, condition, patience=PATIENCE):
        """Wait until the condition holds and return what it said; AssertionError when it never does."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if found := condition():
                return found
            time.sleep(0.05)
        raise AssertionError(f"{condition} did not come true within {patience} s")

    def pause(self, seconds):
        """Let time pass, where the moment itself is what a test chooses."""
        time.sleep(seconds)

    def job_when(self, job_id, condition):
        """The job as the API shows it, once the condition holds for it."""

        def look():
            job = self.api.get(f"/api/jobs/{job_id}").json()
            return job if condition(job) else None

        return self.until(look)

    def ended_job(self, job_id):
        return self.job_when(job_id, lambda job: job["completed_at"])

    def spent_and_reserved(self):
        """US dollars of this month and the one before: in UTC, a month may end while a test runs."""
        now = datetime.now(UTC)
        months = [f"{day:%Y-%m}" for day in (now.replace(day=1) - timedelta(days=1), now)]
        books = [self.api.get("/api/generate/costs", params={"month": month}).json() for month in months]
        return tuple(round(sum(book[name] for book in books), 4) for name in ("spent", "reserved"))

    def query(self, code):
        """Evaluate an expression in `manage.py shell` and return it from JSON."""
        done = self.manage("shell", "-v", "0", "-c", f"import json; print(json.dumps({code}))")
        return json.loads(done.stdout.splitlines()[-1])

    def stop(self):
        for process in self.processes:
            kill_tree(process)
            process.stdout.close()
        self.api.close()
        drop_database(self.database)


def kill_tree(process, number=signal.SIGKILL):
    """Send a signal to a process started here and to all that descend from it, whatever group they are in."""
    for pid in [process.pid, *descendants(process.pid)]:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    process.wait()


def descendants(pid):
    found = []
    # One may end at any moment, even between two of these words.
    with suppress(FileNotFoundError, ProcessLookupError):
        found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [grandchild for child in found for grandchild in descendants(child)]
