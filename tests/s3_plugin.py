"""pytest fixtures for a server that speaks S3, one for each test process: moto, which is nobody's stand-in but its own.

https://docs.getmoto.org/en/latest/docs/server_mode.html
"""

import subprocess
import sys
import time
import uuid
from contextlib import suppress

import httpx
import pytest
from django.core.files.storage import storages

from magikswipe.env import read_bucket, store
from tests.services import free_port

PATIENCE = 60


@pytest.fixture(scope="session")
def s3_server():
    """The server's address."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ends = time.monotonic() + PATIENCE
    while not _answers(url):
        assert process.poll() is None and time.monotonic() < ends, "moto's server does not answer"
        time.sleep(0.05)
    yield url
    process.kill()
    process.wait()


def _answers(url):
    with suppress(httpx.TransportError):
        return httpx.get(url).is_success
    return False


@pytest.fixture
def s3_url(s3_server):
    """A BUCKET_URL of an empty bucket on it."""
    name = f"test-{uuid.uuid4().hex}"
    httpx.put(f"{s3_server}/{name}").raise_for_status()
    return f"s3://key:secret@{s3_server.removeprefix('http://')}/{name}?scheme=http"


@pytest.fixture
def on_s3(s3_url, settings, monkeypatch):
    """Bucket and archive are on it, as BUCKET_URL has it."""
    monkeypatch.setenv("BUCKET_URL", s3_url)
    server = read_bucket("BUCKET_URL")
    changed = {"bucket": store(server, "univers"), "archive": store(server, "archive")}
    settings.STORAGES = {**settings.STORAGES, **changed}
    yield
    for name in changed:
        storages[name].client.close()


@pytest.fixture(params=["folder", "s3"])
def anywhere(request):
    """The bucket is in a folder, and on S3."""
    if request.param == "s3":
        request.getfixturevalue("on_s3")
