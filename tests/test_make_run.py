"""`make run` in a fresh clone: the first of the two commands that are all."""

import os
import re
import shutil
import signal
import subprocess

import httpx
import pytest

from tests.services import free_port, until
from tests.stack import LONGEST_COMMAND, ROOT, kill_tree

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


def test_it_shows_the_login_and_makes_and_publishes_a_demo(clone):
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
            assert until(lambda: is_published(client), httpx.TransportError, process, LONGEST_COMMAND), (
                log.read_text()
            )
        (password,) = re.findall("^ADMIN_PASSWORD=(.+)$", (clone / ".env").read_text(), re.MULTILINE)
        assert re.search(rf"http://localhost:{port}/admin/ .*admin.*{re.escape(password)}", log.read_text())
        assert (clone / ".env").stat().st_mode & 0o077 == 0
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
        assert "Stopped." in log.read_text()
    finally:
        if process.poll() is None:
            kill_tree(process)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://localhost:{port}/health")


def is_published(client):
    universes = client.get("/api/universes").json()["items"]
    return universes and client.get(f"/api/universes/{universes[0]['slug']}").json()["last_synced_at"]
