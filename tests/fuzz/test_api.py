"""Whatever the schema allows, and what it does not, is answered as the schema says, and never with a crash.

FUZZ_EXAMPLES: how many cases each operation gets beyond those that cover its schema, and how many chains of calls
are tried; with 50, over 5,000 in all. https://schemathesis.readthedocs.io has what is checked.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import ROOT, Stack

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "50")
MINUTES = 15
UNHURRIED = {"WEB_THREADS": "4", "LOG_LEVEL": "ERROR", "THROTTLE_WRITES": "0", "THROTTLE_PAID": "0"}
QUICK = {"latency": {"llm": 0, "image": 0, "video": 0, "music": 0}, "llm_style": "clean"}


@pytest.fixture
def services(sandbox):
    sandbox.settings(**QUICK)
    return sandbox


def running(folder, sandbox, **env):
    """Web server and worker as in production, on a folder of their own."""
    stack = Stack(folder, DEBUG="false", ALLOWED_HOSTS="127.0.0.1", **UNHURRIED, **env)
    stack.use(sandbox)
    stack.start_web()
    stack.start_worker()
    return stack


def fuzz(stack, report, *options):
    """Run schemathesis to its end; returns `(its exit code, what it printed, its report)`."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
        *("run", f"http://127.0.0.1:{stack.port}/openapi.json"),
        *("--max-examples", EXAMPLES, "--no-color", "--no-shrink", "--generation-database", "none"),
        *("--report", "json", "--report-json-path", str(report)),
        *options,
    ]
    env = {**stack.env, "DJANGO_SETTINGS_MODULE": "magikswipe.settings", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=env, text=True, timeout=MINUTES * 60, capture_output=True)
    return done.returncode, done.stdout + done.stderr, json.loads(report.read_text())


@pytest.fixture
def closed(tmp_path, services):
    stack = running(tmp_path, services, API_OPEN="false")
    yield stack
    stack.stop()


@pytest.mark.slow
def test_a_closed_api_holds_to_it_for_a_token(tmp_path, closed):
    scopes = "read,write,generate,publish"
    text = closed.manage("token", "create", "fuzz", "--scopes", scopes).stdout.strip()
    few = ("--phases", "examples,fuzzing,stateful", "--max-examples", str(max(1, int(EXAMPLES) // 2)))
    code, said, _ = fuzz(closed, tmp_path / "report.json", "-H", f"Authorization: Bearer {text}", *few)
    print(said[-1500:])
    assert code == 0, said


@pytest.mark.slow
def test_an_open_api_holds_to_its_schema(tmp_path, services):
    stack = running(tmp_path, services)
    try:
        code, said, report = fuzz(stack, tmp_path / "report.json")
    finally:
        stack.stop()
    print(said[-1500:])
    assert code == 0, said
