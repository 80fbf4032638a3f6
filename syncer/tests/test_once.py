"""Syncs that are started again by the same click: none is done twice."""

import pytest

from jobs import runner
from jobs.models import Job
from syncer import services
from universes.models import Revision
from universes.services import universes

pytestmark = pytest.mark.django_db(transaction=True)


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
