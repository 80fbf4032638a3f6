"""Syncs in the hands of a worker, several universes at once."""

import pytest

from jobs import runner, services
from universes.models import Universe
from universes.services import assets, universes

from .conftest import ok, state, wipe

pytestmark = pytest.mark.django_db(transaction=True)


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
    supabase.mends()
    services.retry(job)
    finished({"id": job.pk})
    assert Universe.objects.get().last_synced_at


def finished(body, status="completed"):
    """The job, once a worker's slice has run it."""
    runner.run_slice(body["id"])
    job = services.find(body["id"])
    assert job.status == status, str(job.error)
    return job
