"""Whatever the schema allows, and what it does not, is answered as the schema says, and never with a crash.

FUZZ_EXAMPLES: how many cases each operation gets beyond those that cover its schema, and how many chains of calls
along the schema's links are tried; with USUAL, over 5,000 in all for the open API alone. They are the same each
time, so that no change fails by bad luck; FUZZ_SEED, another number, makes others.
https://schemathesis.readthedocs.io has what is checked.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import ROOT, Stack

USUAL = 60
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", USUAL))
SEED = os.environ.get("FUZZ_SEED", "1")
# Callers of a closed API, by the scopes of their tokens; the last of them come without.
CALLERS = ("read,write,generate,publish", "read", "write", "generate", "publish", "")
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


def fuzz(stack, capfd, report, examples, *options):
    """Run schemathesis to its end, and tell on the terminal how many cases there were; `(cases, links followed)`."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
        *("run", f"http://127.0.0.1:{stack.port}/openapi.json"),
        *("--max-examples", str(examples), "--no-color", "--no-shrink", "--generation-database", "none"),
        *("--seed", SEED),
        *("--report", "json", "--report-json-path", str(report)),
        *options,
    ]
    env = {**stack.env, "DJANGO_SETTINGS_MODULE": "magikswipe.settings", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=env, text=True, timeout=MINUTES * 60, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    generated, passed = numbers(r"(\d+) generated, (\d+) passed", done.stdout)
    (followed,) = numbers(r"API Links:\s+(\d+) covered", done.stdout)
    with capfd.disabled():
        print(f"\n{report.stem}: {generated} cases, {passed} passed, {followed} links followed")
    return generated, followed


def numbers(pattern, text):
    return [int(number) for number in re.search(pattern, text).groups()]


@pytest.mark.slow
def test_an_open_api_holds_to_its_schema(tmp_path, services, capfd):
    stack = running(tmp_path, services)
    try:
        cases, followed = fuzz(stack, capfd, tmp_path / "open.json", EXAMPLES)
    finally:
        stack.stop()
    assert EXAMPLES < USUAL or (cases >= 5000 and followed)


@pytest.fixture
def closed(tmp_path, services):
    stack = running(tmp_path, services, API_OPEN="false")
    yield stack
    stack.stop()


def credentials(stack, scopes):
    """What a caller with these scopes sends along; nothing without any."""
    if not scopes:
        return ()
    text = stack.manage("token", "create", scopes, "--scopes", scopes).stdout.strip()
    return ("-H", f"Authorization: Bearer {text}")


@pytest.mark.slow
def test_a_closed_api_holds_to_it_for_every_caller(tmp_path, closed, capfd):
    for scopes in CALLERS:
        # Who has all scopes gets behind every 401 and 403; the others find out what those look like.
        examples = max(1, EXAMPLES // (2 if "," in scopes else 10))
        report = tmp_path / f"{scopes.replace(',', '+') or 'strangers'}.json"
        options = ("--phases", "examples,fuzzing,stateful", *credentials(closed, scopes))
        cases, _ = fuzz(closed, capfd, report, examples, *options)
        assert cases >= 5 * examples
