"""What Dockerfile and compose.yaml say, run as processes: there need not be a Docker to try most of it.

https://docs.docker.com/reference/dockerfile/ and https://docs.docker.com/reference/compose-file/
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from contextlib import contextmanager

import yaml

from tests.stack import ROOT, kill_tree

PATIENCE = 120


def instructions(name):
    """What follows each `NAME` of the Dockerfile, in their order."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return re.findall(rf"^{name}\s+(.+)$", text, re.MULTILINE)


def environment():
    """The variables that the image sets."""
    return dict(pair.split("=", 1) for line in instructions("ENV") for pair in shlex.split(line))


def command():
    """What a container runs unless it is told otherwise, without the script before it."""
    return json.loads(instructions("CMD")[0])


def files():
    """`{path in the image's folder: file here}` of all that is copied into it."""
    found = {}
    for line in instructions("COPY"):
        *names, target = [word for word in line.split() if not word.startswith("--")]
        for name in names:
            found |= _copied(ROOT / name, "" if target in (".", "./") else target)
    return found


def _copied(source, target):
    """A folder's content comes under the target, a file into it if it ends as a folder does."""
    if source.is_file():
        return {target or source.name: source}
    within = (path for path in sorted(source.rglob("*")) if path.is_file() and not _is_ignored(path))
    return {f"{target}/{path.relative_to(source)}": path for path in within}


def _is_ignored(path):
    patterns = (ROOT / ".dockerignore").read_text().split()
    expression = "|".join(re.escape(p).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*") for p in patterns)
    return bool(re.match(rf"({expression})(/|$)", str(path.relative_to(ROOT))))


def unpack(folder):
    """Make the image's folder, and beside it the script that starts its containers; returns the folder."""
    app = folder / "app"
    for name, source in files().items():
        # The script lies elsewhere in the image.
        target = folder / "docker-entrypoint" if name.startswith("/") else app / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return app


def services():
    """The services of compose.yaml, with the defaults of what they take from its environment."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (ROOT / "compose.yaml").read_text())
    return yaml.safe_load(text)["services"]


class Container:
    """Runs what a container would, in the image's folder `app`, with its variables and nobody else's."""

    def __init__(self, app, programs, **env):
        """`programs`: the folder with python and gunicorn."""
        self.app = app
        (temporary := app.parent / "tmp").mkdir(exist_ok=True)
        path = os.pathsep.join([str(programs), os.environ["PATH"]])
        self.env = {"PATH": path, "HOME": "/nonexistent", "TMPDIR": str(temporary), **environment(), **env}

    def run(self, *arguments):
        """Run a command to its end, started as Docker does; returns the finished process with its output."""
        started = ["sh", str(self.app.parent / "docker-entrypoint"), *arguments]
        return subprocess.run(
            started, cwd=self.app, env=self.env, capture_output=True, text=True, timeout=PATIENCE
        )

    @contextmanager
    def running(self, *arguments):
        """The command runs while the block does; its process. It must end in peace when it is told to."""
        started = ["sh", str(self.app.parent / "docker-entrypoint"), *arguments]
        process = subprocess.Popen(started, cwd=self.app, env=self.env, start_new_session=True)
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0, arguments
        finally:
            kill_tree(process)
