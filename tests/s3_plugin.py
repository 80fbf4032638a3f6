"""pytest fixtures for a server that speaks S3, one for each test process: moto, which is nobody's stand-in but its own.

https://docs.getmoto.org/en/latest/docs/server_mode.html
"""

import subprocess
import sys
import time
import uuid
from contextlib import contextmanager, suppress

import httpx
import pytest
from django.core.files.storage import storages

from magikswipe.env import read_bucket, store
from tests.s3_proxy import proxy_of
from tests.services import free_port

PATIENCE = 60
SECRET = "very-hidden-s3-secret"


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
def s3_bucket(s3_server):
    """The address of an empty bucket on it."""
    httpx.put(url := f"{s3_server}/test-{uuid.uuid4().hex}", timeout=PATIENCE).raise_for_status()
    return url


@pytest.fixture
def s3_url(s3_bucket):
    """The BUCKET_URL of it."""
    return bucket_url(s3_bucket)


def bucket_url(address):
    return f"s3://key:{SECRET}@{address.removeprefix('http://')}?scheme=http"


@pytest.fixture
def on_s3(s3_url, settings, monkeypatch):
    """Bucket and archive are on it, as BUCKET_URL has it."""
    with _stored_at(s3_url, settings, monkeypatch):
        yield


@pytest.fixture
def public_s3(s3_bucket, settings, monkeypatch):
    """The address of a bucket that browsers reach, too, behind a Proxy for ourselves."""
    server, _, name = s3_bucket.rpartition("/")
    settings.BUCKET_PUBLIC_URL = server
    with proxy_of(server) as proxy:
        url = bucket_url(f"{proxy.address}/{name}")
        with _stored_at(url, settings, monkeypatch):
            yield s3_bucket, proxy


@pytest.fixture
def s3_proxy(s3_bucket, settings, monkeypatch):
    """The same behind a Proxy, which can be told to fail."""
    server, _, name = s3_bucket.rpartition("/")
    with proxy_of(server) as proxy:
        url = bucket_url(f"{proxy.address}/{name}")
        with _stored_at(url, settings, monkeypatch):
            yield proxy


def be_patient(monkeypatch):
    """Who looks whether the server is there waits longer than people would: for a machine that stands still, too."""
    patience = {"connect_timeout": PATIENCE, "read_timeout": PATIENCE, "retries": {"total_max_attempts": 1}}
    monkeypatch.setattr("storage.s3_client.QUICK", patience)


@contextmanager
def _stored_at(url, settings, monkeypatch):
    be_patient(monkeypatch)
    monkeypatch.setenv("BUCKET_URL", url)
    settings.BUCKET_URL = settings.ARCHIVE_URL = server = read_bucket("BUCKET_URL")
    public = settings.BUCKET_PUBLIC_URL
    changed = {"bucket": store(server, "univers", public), "archive": store(server, "archive", public)}
    settings.STORAGES = {**settings.STORAGES, **changed}
    yield
    for name in changed:
        storages[name].client.close()


@pytest.fixture(params=["folder", "s3"])
def anywhere(request):
    """The bucket is in a folder, and on S3."""
    if request.param == "s3":
        request.getfixturevalue("on_s3")
