import pytest

from jobs import runner


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """What one slice gets done is no matter of how busy the machine is."""
    monkeypatch.setattr(runner, "SLICE_SECONDS", 300)
