"""Uploads and archives of ill will: each is refused as a whole, and nothing is touched."""

import tracemalloc

import pytest

from .corpus import ARCHIVES, BOMB, UPLOADS

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("untouched")]
U = "/api/universes"


@pytest.mark.parametrize("content", UPLOADS.values(), ids=UPLOADS.keys())
def test_a_hostile_upload_is_refused_as_a_whole(client, asset, refused, content):
    for path, kind in (("image", "image/png"), ("video", "video/mp4")):
        assert refused(client.put(f"{U}/winter/assets/{asset.pk}/{path}", content, kind))
    assert refused(client.put(f"{U}/winter/music/fr", content, "audio/mpeg"))
    assert refused(client.put(f"{U}/winter/thumbnail", content, "image/png"))


@pytest.fixture
def good(client, asset):
    """An archive that would be taken."""
    return b"".join(client.get(f"{U}/winter/export").streaming_content)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("make", ARCHIVES.values(), ids=ARCHIVES.keys())
def test_a_hostile_archive_is_refused_as_a_whole(client, settings, refused, good, make):
    settings.IMPORT_MAX_MB = len(BOMB) // 2**20
    assert refused(client.post(f"{U}/import?slug=other", make(good), "application/zip"))
    assert client.get(f"{U}/other").status_code == 404


@pytest.mark.parametrize("name", ["two hundred thousand members", "a manifest of a million lists"])
def test_a_hostile_archive_takes_little_memory(client, refused, good, name):
    archive = ARCHIVES[name](good)
    tracemalloc.start()
    try:
        assert refused(client.post(f"{U}/import?slug=other", archive, "application/zip"))
        assert tracemalloc.get_traced_memory()[1] < len(archive) + 20_000_000
    finally:
        tracemalloc.stop()
