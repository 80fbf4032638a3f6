"""The benchmark of the API measures what it says; whether its bounds hold is a quiet machine's affair."""

import subprocess
import sys

import pytest

from tests.stack import ROOT

FIGURES = [
    "list of 50", "list of 50, 304", "one universe, 24 cards", "a file of 5 MB", "list at 500 against 50",
    "jobs at 1000 against 100", "errors with 64 clients", "errors with 256 clients", "memory",
]  # fmt: skip


@pytest.mark.slow
def test_every_figure_is_measured_and_no_client_meets_an_error():
    done = subprocess.run(
        [sys.executable, "-m", "bench.api", "--quick"], cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(("open ", "closed "))]
    assert done.returncode == any("MISSED" in line for line in lines), done.stdout + done.stderr
    assert all(any(figure in line for line in lines) for figure in FIGURES), done.stdout + done.stderr
    told = [line for line in lines if "errors" in line]
    assert told and all(" 0.00 " in line for line in told), done.stdout
