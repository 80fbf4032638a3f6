"""What several tests of storage need."""

import pytest


@pytest.fixture
def file(tmp_path):
    """Writes bytes to a file: `file(b"…")`."""

    def write(content):
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return write
