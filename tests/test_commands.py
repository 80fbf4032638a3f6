"""The commands of README.md and docs/deploy.md work, run by a shell as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stack import PATIENCE, ROOT, Stack, kill_tree

pytestmark = pytest.mark.slow

PROGRAMS = Path(sys.executable).parent
BASH = shutil.which("bash")


def blocks(document):
    """The document's blocks of shell, in their order."""
    return re.findall(r"```sh\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


def block(document, word):
    """The one block with this word in it."""
    (found,) = [text for text in blocks(document) if word in text]
    return found


class Shell:
    """Runs commands as an operator types them, beside manage.py or elsewhere."""

    def __init__(self, env, folder=ROOT):
        path = os.pathsep.join([str(PROGRAMS), os.environ["PATH"]])
        self.env, self.folder = {**env, "PATH": path}, folder

    def run(self, text):
        """Run it to its end, which must be a good one; returns what it said."""
        done = subprocess.run(
            [BASH, "-e", "-o", "pipefail", "-c", text],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, (text, done.stdout, done.stderr)
        return done.stdout

    @contextmanager
    def running(self, *lines):
        """Each line runs while the block does, and ends well when it is told to."""
        started = [
            subprocess.Popen([BASH, "-c", f"exec {line}"], cwd=self.folder, env=self.env) for line in lines
        ]
        try:
            yield
            for process in started:
                process.terminate()
            assert [process.wait(PATIENCE) for process in started] == [0] * len(started)
        finally:
            for process in started:
                kill_tree(process)


@pytest.fixture
def fresh(tmp_path):
    """An installation as the document begins with: settings, and nothing done yet."""
    stack = Stack(tmp_path, migrated=False, HTTPS="true", TRUST_PROXY="1", DEBUG="false", API_OPEN="false")
    stack.env |= {"SECRET_KEY": "fjE8-kd93JSlw0_2mcnVBz71qPsoTyRx" * 2, "ADMIN_PASSWORD": "a long password"}
    # As gunicorn itself reads it; what stands on the command line wins.
    stack.env["GUNICORN_CMD_ARGS"] = f"--bind 127.0.0.1:{stack.port}"
    yield stack
    stack.stop()


def is_ready(stack):
    return stack.answers() and stack.api.get("/ready").is_success


def test_three_commands_are_the_whole_system(fresh):
    migrate, *both = block("README.md", "gunicorn").splitlines()
    shell = Shell(fresh.env)
    shell.run(migrate)
    with shell.running(*both):
        fresh.until(lambda: is_ready(fresh))


def test_the_commands_of_running_it_work_in_their_order(fresh, tmp_path):
    shell = Shell(fresh.env)
    _install, prepare, serve, scale, *rest = blocks("docs/deploy.md")
    shell.run(prepare)
    with shell.running(*serve.replace("127.0.0.1:8000", f"127.0.0.1:{fresh.port}").splitlines()):
        fresh.until(lambda: is_ready(fresh))
    # tests/test_image.py runs the first, tests/test_compose.py what the fourth starts.
    assert scale.startswith("docker compose --profile scale up ")
    for text in rest:
        shell.run(text.replace("/backups/", f"{tmp_path}/"))
    assert (tmp_path / "monday.tar").stat().st_size


def test_a_client_is_let_in_with_the_token_that_the_table_makes(fresh):
    row = r"`(manage\.py token create NAME)` \| makes a token for the API, `(--scopes [^`]+)`"
    ((create, options),) = re.findall(row, (ROOT / "README.md").read_text())
    shell = Shell(fresh.env)
    token = shell.run(f"python manage.py migrate -v 0 && python {create} {options}").strip()
    proxied = {"X-Forwarded-Proto": "https"}
    with shell.running("gunicorn magikswipe.wsgi"):
        fresh.until(fresh.answers)
        assert fresh.api.get("/api/jobs", headers=proxied).status_code == 401
        bearer = {**proxied, "Authorization": f"Bearer {token}"}
        assert fresh.api.get("/api/jobs", headers=bearer).status_code == 200
        made = fresh.api.post("/api/universes", json={"name": "Winter"}, headers=bearer)
        assert made.status_code == 201


def test_a_backup_goes_elsewhere_without_room_here(fresh, tmp_path):
    """Elsewhere is a folder, and ssh a script that runs there what comes after the host."""
    (line,) = re.findall(r"`(python manage.py backup - \| ssh [^`]+)`", (ROOT / "docs/deploy.md").read_text())
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (ssh := tmp_path / "ssh").write_text(f'#!/bin/sh\ncd {elsewhere} && shift && exec sh -c "$*"\n')
    ssh.chmod(0o755)
    shell = Shell(fresh.env)
    shell.env["PATH"] = f"{tmp_path}{os.pathsep}{shell.env['PATH']}"
    shell.run("python manage.py migrate")
    shell.run(line)
    shell.run(f"python manage.py restore {elsewhere}/monday.tar --force")


def test_eight_calls_lead_from_an_idea_to_a_published_universe(stack, tmp_path):
    text = block("README.md", "json $API").replace(
        "http://localhost:8000", str(stack.api.base_url).rstrip("/")
    )
    start, *calls = re.split(r"^# \d\. ", text, flags=re.MULTILINE)
    assert len(calls) == 8
    stack.start_worker()
    shell = Shell(os.environ, tmp_path)
    for call in calls:
        shell.run(f"{start}# {call}")
        # The calls 5 to 7 answer with a job, and say that one waits for it.
        stack.until(lambda: all(job["completed_at"] for job in stack.api.get("/api/jobs").json()))
    universe = stack.api.get("/api/universes/hiver").json()
    assert len(universe["assets"]) == 6
    assert all(card["image_url"] and card["video_url"] for card in universe["assets"])
    assert universe["music_prompts"][0]["music_url"]
    assert stack.api.post("/api/sync/push/hiver").json()["synced_items"] == 0
