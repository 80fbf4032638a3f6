"""`manage.py make_buckets` on a server that speaks S3, and where the media lie in folders."""

import io
import uuid

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from magikswipe.env import read_bucket, store
from storage import bucket
from storage.errors import NotWritable
from tests.s3_plugin import be_patient


def make_buckets():
    call_command("make_buckets", stdout=(said := io.StringIO()))
    return said.getvalue().splitlines()


@pytest.fixture
def address(monkeypatch, settings):
    """Puts bucket and archive where a BUCKET_URL says."""
    be_patient(monkeypatch)

    def put(url):
        monkeypatch.setenv("BUCKET_URL", url)
        changed = {name: store(read_bucket("BUCKET_URL"), name) for name in ("bucket", "archive")}
        settings.STORAGES = {**settings.STORAGES, **changed}

    yield put
    for name in ("bucket", "archive"):
        storages[name].client.close()


@pytest.mark.parametrize("region", ["", "&region=eu-west-3"])
def test_a_bucket_that_is_missing_is_made_once(s3_server, address, region):
    name = f"new-{uuid.uuid4().hex}"
    address(f"s3://key:secret@{s3_server.removeprefix('http://')}/{name}?scheme=http{region}")
    with pytest.raises(NotWritable, match=r"\(there is no such bucket\); run: manage.py make_buckets$"):
        bucket.check_writable()
    assert make_buckets() == [f"The bucket '{name}' is made."]
    bucket.check_writable()
    assert make_buckets() == [f"The bucket '{name}' is there."]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_server_that_does_not_answer_is_named(address, host):
    address(f"s3://key:secret@{host}:9/media?scheme=http")
    with pytest.raises(CommandError, match="The bucket of BUCKET_URL can't be reached"):
        make_buckets()


def test_folders_need_no_making():
    assert make_buckets() == ["Media lie in folders of STORAGE_PATH, which need no making."]
