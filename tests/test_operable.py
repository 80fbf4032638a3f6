"""What those who run an installation see of it: readiness, metrics of several processes, logs, daily tasks."""

import json
import os
import signal
import subprocess
import sys

import pytest
from django.conf import settings

from tests.stack import PATIENCE, ROOT, Stack

DAILY = """list(__import__("jobs.models", fromlist=["x"]).Chore.objects.filter(
    due_at__gt=__import__("django.utils.timezone", fromlist=["x"]).now()
    + __import__("datetime").timedelta(hours=20)).values_list("name", flat=True))"""
OLD_JOB = """__import__("jobs.models", fromlist=["x"]).Job.objects.create(type="test", status="completed",
    completed_at=__import__("django.utils.timezone", fromlist=["x"]).now()
    - __import__("datetime").timedelta(days={days})).pk.hex"""


@pytest.fixture
def stack(tmp_path):
    (tmp_path / "tmp").mkdir()
    stack = Stack(
        tmp_path,
        TMPDIR=str(tmp_path / "tmp"),
        LOG_FORMAT="json",
        LOG_LEVEL="INFO",
        WEB_CONCURRENCY="2",
        API_OPEN="true",
    )
    yield stack
    stack.stop()


def healthcheck(stack):
    command = [sys.executable, "-m", "magikswipe.healthcheck", "worker"]
    return subprocess.run(command, cwd=ROOT, env=stack.env, stderr=subprocess.DEVNULL).returncode


@pytest.mark.slow
def test_a_worker_makes_it_ready_and_does_the_daily_tasks(stack):
    stack.start_web()
    assert stack.api.get("/ready").status_code == 503
    assert healthcheck(stack) == 1
    old, young = stack.query(OLD_JOB.format(days=31)), stack.query(OLD_JOB.format(days=29))
    worker = stack.start_worker()
    stack.until(lambda: stack.api.get("/ready").is_success)
    assert healthcheck(stack) == 0
    stack.until(lambda: len(stack.query(DAILY)) == len(settings.JOB_DAILY))
    assert stack.api.get(f"/api/jobs/{old}").status_code == 404
    assert stack.api.get(f"/api/jobs/{young}").status_code == 200
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait(PATIENCE)
    assert stack.api.get("/ready").json()["reasons"] == ["No worker runs; start one: manage.py qcluster"]


def start_web(stack, folder):
    """A web server whose log goes to a file: `(process, path)`."""
    path = folder / "web.log"
    with path.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "magikswipe.wsgi", "-b", f"127.0.0.1:{stack.port}"],
            cwd=ROOT,
            env=stack.env,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    stack.processes.append(process)
    stack.until(stack.answers)
    return process, path


@pytest.mark.slow
def test_several_web_processes_count_together_and_log_as_json(stack, tmp_path):
    web, log = start_web(stack, tmp_path)
    for _ in range(20):
        stack.api.get("/api/universes", headers={"Connection": "close"})
    counted = stack.api.get("/metrics").text
    labels = 'method="GET",route="/api/universes",status="200"'
    assert f"magikswipe_requests_total{{{labels}}} 20.0" in counted
    os.kill(web.pid, signal.SIGTERM)
    web.wait(PATIENCE)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"gunicorn.error", "magikswipe.access"} <= {line["logger"] for line in lines}
    assert sum(line.get("route") == "/api/universes" for line in lines) == 20
