"""A Supabase whose tables lack columns that we have: they are said, left out and never written."""

import pytest

from universes.models import Asset, AssetPrompts, Universe
from universes.services import assets

from .conftest import ok, post, state, wipe

pytestmark = pytest.mark.django_db

LACKING = {
    "univers": ["background_color", "is_public"],
    "univers_assets": ["created_at", "sort_order"],
    "univers_assets_prompts": ["generation_count"],
    "univers_music_prompts": ["lyrics"],
}


@pytest.fixture
def narrow(supabase):
    supabase.sandbox.settings(missing_columns=LACKING)
    return supabase


def assert_said(body):
    notes = "\n".join(body["notes"])
    for table, columns in LACKING.items():
        for column in columns:
            assert f"the column {table}.{column} is missing in Supabase" in notes


def test_a_first_push_to_empty_tables_leaves_them_out(api, narrow, winter):
    assert_said(ok(post(api, "push/winter")))
    assert narrow.names("univers_assets") == {"Snowflake", "Sledge", "Fox", "Moon"}
    assert "sort_order" not in narrow.rows("univers_assets")[0]


def test_then_nothing_is_to_do_either_way(api, narrow, winter):
    ok(post(api, "push/winter"))
    before, written = state("winter"), narrow.written()
    for path in ("push/winter", "pull/winter", "pull-all"):
        body = ok(post(api, path))
        assert body["message"] == "Nothing to do." or body["files_downloaded"] == 0
        assert_said(body)
    assert (state("winter"), narrow.written()) == (before, written)
    states = api.get("/api/sync/status?diff=true").json()["universes"]
    assert states == [{"slug": "winter", "state": "same"}]


def test_what_is_only_here_is_not_planned_and_survives_a_pull(api, narrow, winter):
    ok(post(api, "push/winter"))
    Asset.objects.update(sort_order=99)
    AssetPrompts.objects.update(generation_count=7)
    for path in ("push/winter", "pull/winter"):
        assert ok(post(api, path))["synced_items"] == 0
    assert set(Asset.objects.values_list("sort_order", flat=True)) == {99}


def test_changes_go_in_bulk_without_them(api, narrow, winter):
    for number in range(12):
        assets.create(winter, display_name=f"Card {number}")
    ok(post(api, "push/winter"))
    Asset.objects.update(display_name="New", sort_order=99)
    assert ok(post(api, "push/winter"))["synced_items"] == 16
    assert narrow.names("univers_assets") == {"New"}


def test_a_pull_fills_them_with_what_they_are_by_default(api, narrow, winter):
    ok(post(api, "push/winter"))
    wipe()
    ok(post(api, "pull/winter"))
    assert Universe.objects.get().is_public is True
    assert Asset.objects.count() == 4


@pytest.mark.parametrize(
    ("table", "column"), [("univers_translations", "language"), ("univers_assets", "image_name")]
)
def test_one_that_rows_are_told_apart_by_is_an_error(api, supabase, winter, table, column):
    ok(post(api, "push/winter"))
    before, written = state("winter"), supabase.written()
    supabase.sandbox.settings(missing_columns={table: [column]})
    for path in ("push/winter", "pull/winter"):
        answer = post(api, path, force=True)
        assert answer.status_code == 502
        assert f"{table} in Supabase has no column {column}" in answer.json()["detail"]
    assert (state("winter"), supabase.written()) == (before, written)
