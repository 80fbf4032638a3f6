"""`make run` in a fresh clone: the first of the two commands that are all."""

import os
import re
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.services import free_port, until
from tests.stack import LONGEST_COMMAND, ROOT, Stack, descendants, kill_tree

pytestmark = pytest.mark.slow

OF_THIS_MACHINE = (
    ".git",
    ".venv",
    ".env",
    ".sandbox",
    "var",
    "__pycache__",
    ".*cache",
    ".hypothesis",
    ".coverage*",
)


@pytest.fixture
def clone(tmp_path):
    """The repository's files as they are now, with the requirements installed already."""
    # With their times, by which make tells that the requirements are installed.
    shutil.copytree(ROOT, tmp_path / "clone", ignore=shutil.ignore_patterns(*OF_THIS_MACHINE))
    (tmp_path / "clone" / ".venv").symlink_to(ROOT / ".venv")
    return tmp_path / "clone"


@contextmanager
def made_to_run(clone):
    """`(client, process, what it has said)` of a `make run` that answers; it is ended, and must say so."""
    port, log = free_port(), clone.parent / "said"
    env = {name: os.environ[name] for name in ("PATH", "HOME")}
    with log.open("wb") as said:
        process = subprocess.Popen(
            [shutil.which("make"), "run", f"PORT={port}"],
            cwd=clone,
            env=env,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        with httpx.Client(base_url=f"http://localhost:{port}", timeout=30) as client:
            assert until(lambda: client.get("/docs").is_success, httpx.TransportError, process), (
                log.read_text()
            )
            yield client, process, log.read_text
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
        assert "Stopped." in log.read_text()
    finally:
        if process.poll() is None:
            kill_tree(process)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://localhost:{port}/health")


def test_it_shows_the_login_and_makes_and_publishes_a_demo(clone):
    with made_to_run(clone) as (client, process, said):
        assert until(lambda: is_published(client), httpx.TransportError, process, LONGEST_COMMAND), said()
        (password,) = re.findall("^ADMIN_PASSWORD=(.+)$", (clone / ".env").read_text(), re.MULTILINE)
        assert re.search(
            rf"http://localhost:{client.base_url.port}/admin/ .*admin.*{re.escape(password)}", said()
        )
        assert (clone / ".env").stat().st_mode & 0o077 == 0
        (stand_in,) = re.findall(r"The stand-in for Supabase listens on (http://\S+)$", said(), re.MULTILINE)
        published = httpx.get(f"{stand_in}/rest/v1/univers?select=slug", headers={"apikey": "sandbox"})
        assert len(published.json()) == 1


def test_with_an_env_of_keys_alone_it_adds_the_rest_and_buys_and_publishes_nothing(clone, unused_address):
    """Both services are somebody's own, here one that does not answer: what was bought there would cost."""
    keys = f"REPLICATE_API_TOKEN=r8_key\nSUPABASE_URL={unused_address}\nSUPABASE_SERVICE_ROLE_KEY=key\n"
    (clone / ".env").write_text(f"{keys}REPLICATE_BASE_URL={unused_address}")
    with made_to_run(clone) as (client, process, said):
        assert until(lambda: "Ctrl-C ends all of it." in said(), httpx.TransportError, process), said()
        assert "Added DEBUG, SECRET_KEY, ADMIN_PASSWORD to .env" in said()
        assert "real Replicate and Supabase" in said()
        assert client.get("/api/universes").json()["total"] == 0
        assert "demo" not in said()
        assert (clone / ".env").read_text().startswith(keys)


def test_what_a_killed_start_left_is_ended_by_the_next(tmp_path):
    """Its web server would keep the port, and its worker would do jobs with a stand-in that nobody knows."""
    stack = Stack(tmp_path, migrated=False, DATABASE_URL="")
    up = ("manage.py", "up", "--no-demo", "--port", str(stack.port))
    try:
        first = stack.start(*up)
        stack.until(stack.answers)
        left = descendants(first.pid)
        os.kill(first.pid, signal.SIGKILL)
        assert first.wait() and stack.answers()
        second = stack.start(*up)
        assert stack.until(lambda: "Ended 3 processes" in second.stdout.readline())
        stack.until(stack.answers)
        assert not [pid for pid in left if Path(f"/proc/{pid}/cmdline").exists() and alive(pid)]
        os.kill(second.pid, signal.SIGTERM)
        assert second.wait(60) == 0
        assert not (tmp_path / "var" / "up.json").exists()
    finally:
        stack.stop()


def alive(pid):
    """Not one that has ended and waits to be looked at."""
    return bool(Path(f"/proc/{pid}/cmdline").read_bytes())


def is_published(client):
    universes = client.get("/api/universes").json()["items"]
    return universes and client.get(f"/api/universes/{universes[0]['slug']}").json()["last_synced_at"]
