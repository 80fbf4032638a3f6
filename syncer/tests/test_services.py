"""Syncs as jobs: several universes, retries, idempotency keys."""

import pytest
from django.utils import translation

from jobs import runner
from jobs import services as jobs
from jobs.models import Job
from syncer import services
from universes.models import Revision, Universe
from universes.services import assets, universes

from .conftest import ok, state, wipe

pytestmark = pytest.mark.django_db(transaction=True)


# --- Syncs in the hands of a worker, several universes at once


def test_a_worker_pushes_and_pulls_universes_side_by_side(api, supabase, winter, put_file):
    slugs = ["winter", *(f"universe-{number}" for number in range(5))]
    for slug in slugs[1:]:
        assets.create(
            universes.create(name=slug, slug=slug), display_name="Fox", translations={"fr": "Renard"}
        )
        put_file(slug, "00_fox.png", slug.encode())
    before = {slug: state(slug) for slug in slugs}
    for slug in slugs:
        finished(ok(api.post(f"/api/sync/push/{slug}?background=true")))
    wipe()
    job = finished(ok(api.post("/api/sync/pull-all?background=true")))
    assert (job.total_steps, job.message) == (6, "6 of 6 universes")
    assert {slug: state(slug) for slug in slugs} == before


def test_a_job_that_failed_is_retried_where_it_failed(api, supabase, winter):
    supabase.breaks("POST /rest/v1/univers_assets")
    job = finished(ok(api.post("/api/sync/push/winter?background=true")), "failed")
    assert "Supabase answered 500" in str(job.error)
    with translation.override("fr"):
        assert "Supabase a répondu 500" in str(job.error)
    supabase.mends()
    jobs.retry(job)
    finished({"id": job.pk})
    assert Universe.objects.get().last_synced_at


def finished(body, status="completed"):
    """The job, once a worker's slice has run it."""
    runner.run_slice(body["id"])
    job = jobs.find(body["id"])
    assert job.status == status, str(job.error)
    return job


# --- Syncs that are started again by the same click: none is done twice


def ended(job):
    return runner.run_here(job.pk)


def test_a_push_and_a_pull_by_the_same_click_are_one_job_each(supabase, winter):
    first = ended(services.start_push(["winter"], once="push"))
    universes.update(winter, name="Snow")
    assert services.start_push(["winter"], once="push").pk == first.pk
    assert [row["name"] for row in supabase.rows("univers")] == ["Winter"]
    first = ended(services.start_pull(["winter"], once="pull"))
    universes.update(winter, name="Ice")
    assert services.start_pull(["winter"], once="pull").pk == first.pk
    assert Job.objects.count() == 2


def test_what_was_taken_out_by_this_click_is_no_error(supabase, winter):
    ended(services.start_push(["winter"]))
    first = ended(services.start_unpublish("winter", force=True, once="click"))
    assert services.start_unpublish("winter", force=True, once="click").pk == first.pk


def test_everything_is_pulled_once_and_a_revision_restored_once(supabase, winter):
    ended(services.start_push(["winter"]))
    universes.update(winter, name="Snow")
    first = ended(services.start_pull_all(once="all")[0])
    assert services.start_pull_all(once="all")[0].pk == first.pk
    revision = Revision.objects.latest("created_at").pk
    first = ended(services.start_restore(revision, once="restore"))
    assert services.start_restore(revision, once="restore").pk == first.pk
