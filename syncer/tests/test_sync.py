"""Universes between here and a Supabase, over the API."""

import pytest

from universes.models import Revision, Universe

from .conftest import state, wipe

pytestmark = pytest.mark.django_db


def post(api, path, **body):
    return api.post(f"/api/sync/{path}", body, format="json")


def ok(answer):
    assert answer.status_code == 200, answer.json()
    return answer.json()


class TestRoundTrip:
    def test_what_is_pushed_and_wiped_comes_back_the_same(self, api, supabase, winter):
        before = state("winter")
        pushed = ok(post(api, "push/winter"))
        assert pushed["success"] is True
        assert pushed["errors"] == []
        assert pushed["synced_items"] == 1 + 5 + 1 + 1 + 4 + 4 + 8 + 10
        wipe()
        body = ok(post(api, "init"))
        assert (body["universes_synced"], body["assets_synced"], body["files_downloaded"]) == (1, 4, 10)
        assert state("winter") == before
        assert Universe.objects.get().supabase_id is not None

    def test_a_second_push_and_pull_write_nothing(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        before, written = state("winter"), supabase.written()
        for path in ("push/winter", "pull/winter", "push/winter", "pull-all", "init"):
            body = ok(post(api, path))
            assert body.get("synced_items", 0) == 0
            assert body.get("files_downloaded", 0) == 0
        assert supabase.written() == written
        assert state("winter") == before
        assert not Revision.objects.exists()

    def test_one_changed_name_is_one_row(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        rows, files = supabase.written()
        winter.translations.filter(language="fr").update(name="L'hiver")
        assert ok(post(api, "push/winter"))["synced_items"] == 1
        assert supabase.written() == (rows + 1, files)
