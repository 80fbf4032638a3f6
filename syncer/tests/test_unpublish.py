"""Taking a universe out of Supabase."""

import pytest

from jobs import runner
from jobs.models import Job
from syncer.client import client
from universes.models import Universe
from universes.rows import TABLES

from .conftest import ok, post, state

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(api, supabase, winter):
    """The universe `winter`, pushed; what is here of it."""
    ok(post(api, "push/winter"))
    return state("winter")


def assert_gone(supabase):
    assert not any(supabase.rows(table.name) for table in TABLES)
    assert supabase.keys("winter") == []
    assert Universe.objects.get().supabase_id is None


def test_it_needs_force(api, supabase, published):
    answer = post(api, "unpublish/winter")
    assert answer.status_code == 409
    assert answer.json()["plan"]["counts"]["files"]["delete"] == 10


def test_it_takes_rows_and_media_and_leaves_what_is_here(api, supabase, published):
    body = ok(post(api, "unpublish/winter", force=True))
    assert body["message"] == "'winter' is unpublished: 34 rows and files were taken out of Supabase."
    assert_gone(supabase)
    assert state("winter") == published
    assert post(api, "unpublish/winter", force=True).status_code == 404


@pytest.mark.parametrize("force", [False, True])
def test_a_dry_run_tells_all_and_does_nothing(api, supabase, published, force):
    supabase.move("winter/02_fox.png", "winter/assets/fox.png")
    written = supabase.written()
    body = ok(post(api, "unpublish/winter", dry_run=True, force=force))
    assert body["plan"]["direction"] == "unpublish"
    assert body["plan"]["counts"]["rows"]["delete"] + body["plan"]["counts"]["files"]["delete"] == 34
    assert all(change["size"] for change in body["plan"]["files"])
    assert "4 of 4 cards" in body["message"]
    assert "in Supabase" in body["message"]
    assert (body["synced_items"], supabase.written()) == (0, written)


def test_one_that_broke_off_is_finished_by_the_next(api, supabase, published):
    supabase.breaks("DELETE /storage", "503")
    assert post(api, "unpublish/winter", force=True).status_code == 502
    assert not supabase.rows("univers")
    supabase.mends()
    assert post(api, "unpublish/winter").status_code == 409
    assert ok(post(api, "unpublish/winter", force=True))["synced_items"] == 10
    assert_gone(supabase)


def test_and_by_trying_the_job_again(api, supabase, published):
    supabase.breaks("DELETE /storage", "503")
    post(api, "unpublish/winter", force=True)
    supabase.mends()
    job = Job.objects.get(type="sync_unpublish")
    ok(api.post(f"/api/jobs/{job.pk}/retry"))
    assert runner.run_here(job.pk).status == "completed"
    assert_gone(supabase)


def test_one_that_somebody_else_took_out_is_forgotten_here(api, supabase, published):
    (row,) = supabase.rows("univers")
    client().delete("univers", [row["id"]])
    client().remove(supabase.keys("winter"))
    body = ok(post(api, "unpublish/winter", force=True))
    assert "is unpublished" in body["message"]
    assert_gone(supabase)
