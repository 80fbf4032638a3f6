"""The product as processes, for tests that need the whole of it; and callers of each kind."""

import pytest

from tests.callers import SCOPES, log_in
from tests.stack import Stack


@pytest.fixture
def stack(tmp_path, sandbox):
    """Web server and sandbox run; the test starts the worker itself, when it wants one."""
    stack = Stack(tmp_path)
    stack.use(sandbox)
    stack.start_web()
    yield stack
    stack.stop()


@pytest.fixture(params=SCOPES)
def caller(request):
    return request.param


@pytest.fixture
def called(api, caller, staff):
    """The API's client, as that caller."""
    log_in(api, caller, staff)
    return api


@pytest.fixture
def visitor(client, caller, staff):
    """A browser, as that caller."""
    log_in(client, caller, staff)
    return client
