"""Fixtures of several tests of storage."""

import httpx
import pytest

from tests.s3_plugin import PATIENCE


@pytest.fixture
def file(tmp_path):
    """Writes bytes to a file: `file(b"…")`."""

    def write(content):
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def outside():
    """Somebody who asks the S3 server itself, as a browser does, and waits for it on a busy machine."""
    with httpx.Client(timeout=PATIENCE) as client:
        yield client
