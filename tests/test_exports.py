"""What an archive brings is known again by the other side."""

import pytest

from universes.models import Universe
from universes.services import universes

pytestmark = pytest.mark.django_db
CARD = {"display_name": "Snow", "translations": {"fr": "Neige"}, "custom_image_prompt": "white"}


@pytest.fixture
def published(api, sandbox, settings, png_bytes, put_file):
    """`winter`, here and in Supabase."""
    settings.SUPABASE_URL, settings.SUPABASE_SERVICE_ROLE_KEY = sandbox.url, sandbox.key
    api.post("/api/universes", {"name": "Winter", "translations": {"fr": "Hiver"}})
    api.post("/api/universes/winter/assets", CARD)
    put_file("winter", "00_snow.png", png_bytes)
    assert api.post("/api/sync/push/winter").status_code == 200
    return Universe.objects.get()


def test_a_universe_that_comes_from_an_archive_again_has_nothing_to_sync(api, published):
    archive = api.get("/api/universes/winter/export").getvalue()
    universes.delete(published)
    assert api.generic("POST", "/api/universes/import", archive, "application/zip").status_code == 201
    for direction in ("push", "pull"):
        answer = api.post(f"/api/sync/{direction}/winter", {"dry_run": True}).json()
        assert answer["synced_items"] == 0, answer


def test_a_copy_is_published_beside_the_original(api, published):
    assert api.post("/api/universes/winter/duplicate", {"slug": "again"}).status_code == 201
    assert api.post("/api/sync/push/again").status_code == 200
    assert api.post("/api/sync/push/winter", {"dry_run": True}).json()["synced_items"] == 0
    assert api.post("/api/sync/pull/again", {"dry_run": True}).json()["synced_items"] == 0
