"""pytest fixtures for the sandbox: one server per test process, reset before each test that asks for it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent
READY = "sandbox ready on "
SECONDS_TO_STOP = 30


@dataclass
class Sandbox:
    """A running sandbox. ``url`` stands for both services, ``key`` is the token and API key of both."""

    url: str
    key: str
    state: Path
    process: subprocess.Popen[str]
    http: httpx.Client

    def _ask(self, method: str, name: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"{self.url}/_sandbox/{name}", json=body)
        if answer.is_error:
            raise ValueError(f"the sandbox refuses this: {answer.text}")
        return answer.json()

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Changes settings (see ``sandbox.settings``) and gives all of them."""
        return self._ask("PATCH", "settings", changes) if changes else self._ask("GET", "settings")

    def counters(self) -> dict[str, Any]:
        return self._ask("GET", "counters")

    def predictions(self) -> list[dict[str, Any]]:
        """Every prediction ever asked for, oldest first, with its input."""
        return self._ask("GET", "predictions")

    def reset(self) -> None:
        self._ask("POST", "reset")


def start_sandbox(state: Path, key: str = "sandbox", port: int = 0) -> Sandbox:
    """Starts a sandbox of its own; whoever calls it calls ``stop_sandbox`` too."""
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "--port",
        str(port),
        "--state",
        str(state),
        "--key",
        key,
        "--until-eof",
    ]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line.startswith(READY):
        process.kill()
        raise RuntimeError(
            f"the sandbox did not start (exit code {process.wait()}); run: {' '.join(command)}"
        )
    http = httpx.Client(timeout=30, trust_env=False)
    return Sandbox(line.removeprefix(READY), key, state, process, http)


def stop_sandbox(server: Sandbox) -> None:
    server.http.close()
    server.process.terminate()
    try:
        server.process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
        raise
    finally:
        for pipe in (server.process.stdin, server.process.stdout):
            if pipe:
                pipe.close()


@pytest.fixture(scope="session")
def sandbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The test process's sandbox, for tests that neither change nor mind its state."""
    server = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield server
    stop_sandbox(server)


@pytest.fixture
def sandbox(sandbox_server: Sandbox) -> Sandbox:
    """The sandbox as if it had just been started for the first time."""
    sandbox_server.reset()
    return sandbox_server
