"""Fixtures of this room's tests."""

import pytest

from magikswipe.tests.installation import Installation
from tests import old_backend


@pytest.fixture
def installation(tmp_path):
    """Makes an Installation of an old folder; it is stopped at the end."""
    made = []

    def install(fill=old_backend.usual, **env):
        made.append(Installation(fill(tmp_path / "storage"), **env))
        return made[-1]

    yield install
    for one in made:
        one.stop()
