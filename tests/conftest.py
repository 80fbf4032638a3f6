"""The product as processes, for tests that need the whole of it."""

import pytest

from tests.stack import Stack


@pytest.fixture
def stack(tmp_path, sandbox):
    """Web server and sandbox run; the test starts the worker itself, when it wants one."""
    stack = Stack(tmp_path)
    stack.use(sandbox)
    stack.start_web()
    yield stack
    stack.stop()
