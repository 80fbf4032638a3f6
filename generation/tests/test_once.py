"""Calls that are sent again: none buys a second time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from generation import services
from generation.tests.helpers import begin, bytes_of, run_out
from jobs.models import Job
from universes.models import Asset, Revision

pytestmark = pytest.mark.django_db(transaction=True)
CALLS = {
    "images": {"regenerate": True},
    "music": {"language": "fr"},
    "all": {
        "theme": "sea",
        "count": 2,
        "regenerate": True,
        "generate_videos": False,
        "generate_music": False,
    },
    "names": {},
    "ideas": {"theme": "sea", "count": 2},
    "lyrics": {"languages": ["de"], "replace": True},
    "gaps": {"kinds": ["names", "lyrics"]},
}


@pytest.fixture
def click(api):
    """Calls `POST /api/generate/winter/…` with an idempotency key."""

    def call(path, key="click", **body):
        return api.post(f"/api/generate/winter/{path}", body, format="json", headers={"Idempotency-Key": key})

    return call


@pytest.mark.parametrize("path", CALLS)
def test_the_same_key_gets_the_same_job_whatever_became_of_it(provider, pictures, songs, click, path):
    first = click(path, **CALLS[path]).json()
    assert click(path, **CALLS[path]).json()["id"] == first["id"]
    run_out(first["id"])
    bought = provider.counters()["created"]
    again = click(path, **CALLS[path]).json()
    assert (again["id"], again["status"]) == (first["id"], "completed")
    assert Job.objects.count() == 1 and provider.counters()["created"] == bought > 0


def test_the_answer_stays_when_there_is_nothing_left_to_do_it_with(provider, pictures, click, settings):
    first = click("images", regenerate=True).json()["id"]
    run_out(first)
    Asset.objects.all().delete()
    settings.REPLICATE_API_TOKEN = ""
    assert click("images", regenerate=True).json()["id"] == first
    assert click("images", key="another", regenerate=True).status_code == 400


def test_who_was_answered_with_the_running_job_is_so_when_it_has_ended(provider, pictures, click):
    first = click("images", key="one", regenerate=True).json()["id"]
    assert click("images", key="two", regenerate=True).json()["id"] == first
    run_out(first)
    assert click("images", key="two", regenerate=True).json()["id"] == first
    assert provider.counters()["created"] == 3


def test_a_second_regenerate_of_a_card_is_the_running_one_and_its_picture_is_kept(provider, pictures, post):
    old, body = bytes_of("00_snowflake.png"), {"asset_ids": [str(pictures[0].pk)], "regenerate": True}
    job = Job.objects.get(pk=post("winter/images", **body).json()["id"])
    begin(job)
    assert post("winter/images", **body).json()["id"] == str(job.pk)
    assert run_out(job.pk).message == "1 of 1 images"
    assert bytes_of("00_snowflake.png") != old
    assert "00_snowflake.png" in Revision.objects.get().files
    assert provider.counters()["created"] == 1


def test_clicks_at_the_same_moment_are_one_job(provider, pictures, universe):
    together = threading.Barrier(4, timeout=60)

    def click(number):
        together.wait()
        try:
            # Ideas of different themes: nothing but the key holds these together.
            return services.start_ideas("winter", f"theme {number}", 2, once="click").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        (job,) = set(pool.map(click, range(4)))
    assert run_out(job).status == "completed"
    assert provider.counters()["created"] == 1


def test_a_start_that_was_refused_may_be_tried_again_with_its_key(provider, cards, click, allow):
    allow("0.01")
    assert click("images").status_code == 409
    allow("1")
    assert click("images").status_code == 200


def test_a_key_that_was_used_for_something_else_is_refused(provider, pictures, click):
    click("images", regenerate=True)
    answer = click("videos")
    assert answer.status_code == 400
    assert "used for something else" in answer.json()["detail"]


@pytest.mark.parametrize("key", ["x" * 65, "a\tb"])
def test_a_key_that_cannot_be_kept_is_a_422(cards, click, key):
    answer = click("images", key=key)
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["errors"]
