"""Duplicates: all of a universe is copied, nothing of the original changes, and half a copy never stays."""

import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, OperationalError
from django.utils import timezone
from rest_framework.test import APIClient

from api.models import IdempotencyKey
from storage import bucket
from storage.bucket import staged_folder
from universes.models import Revision, Universe
from universes.services import copies, universes

from .helpers import after, contents, found, ids, in_the_bucket, state, together, words

pytestmark = pytest.mark.django_db
URL = "/api/universes/winter/duplicate"


def test_a_copy_has_every_row_and_file_and_the_original_stays_as_it_is(api, full_universe):
    before = state("winter")
    response = api.post(URL, {"name": "Summer"})
    assert response.status_code == 201, response.content
    copy = response.json()
    assert (copy["slug"], copy["name"], copy["asset_count"]) == ("summer", "Summer", 2)
    assert (copy["is_public"], copy["supabase_id"], copy["last_synced_at"]) == (False, None, None)
    assert contents("summer") == contents("winter")
    original, copied = words("winter"), words("summer")
    assert copied.pop("univers") == [
        original.pop("univers")[0]
        | {"name": "Summer", "slug": "summer", "is_public": False}
        | {"thumbnail_url": "/storage/buckets/univers/summer/thumbnail.jpg"}
    ]
    assert copied == original
    assert not ids("winter") & ids("summer")
    assert state("winter") == before


def test_a_copy_is_newer_than_the_original(api, full_universe):
    api.post(URL)
    assert [item["slug"] for item in api.get("/api/universes").json()["items"]] == [
        "copy-of-winter",
        "winter",
    ]


def test_names_and_slugs_are_found_where_none_is_given(api, full_universe):
    made = [api.post(URL).json() for _ in range(3)]
    assert [one["name"] for one in made] == ["Copy of Winter"] * 3
    assert [one["slug"] for one in made] == ["copy-of-winter", "copy-of-winter-2", "copy-of-winter-3"]
    assert api.post(URL, {"name": "x" * 300}).json()["slug"] == "x" * 100
    assert api.post(URL, {"name": "x" * 300}).json()["slug"] == "x" * 98 + "-2"


def test_an_address_elsewhere_stays(api, full_universe):
    address = "https://cdn.example/univers/winter/thumbnail.jpg"
    universes.update(full_universe, thumbnail_url=address, background_music=None)
    assert api.post(URL).json()["thumbnail_url"] == address


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"slug": "winter"}, 400, "already exists; give another slug"),
        ({"slug": "Not A Slug"}, 422, "slug takes a-z"),
        ({"slug": "../x"}, 422, "slug takes a-z"),
        ({"name": 5}, 422, "must be a text"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(api, full_universe, body, status, words):
    response = api.post(URL, body)
    assert response.status_code == status and words in response.json()["detail"]
    assert Universe.objects.count() == 1 and in_the_bucket() == ["winter"]


def test_what_is_not_there_cannot_be_copied(api, db):
    assert api.post(URL).status_code == 404


def test_files_that_lie_under_the_new_slug_already_stay_alone(api, full_universe, put_file):
    put_file("summer", "00_sun.png", b"by hand")
    response = api.post(URL, {"slug": "summer"})
    assert response.status_code == 400 and "already exists" in response.json()["detail"]
    assert contents("summer") == {"00_sun.png": b"by hand"}
    assert Universe.objects.count() == 1 and in_the_bucket() == ["summer", "winter"]


def test_what_a_deleted_universe_left_is_not_the_copys(api, full_universe, make_universe, put_file):
    gone = make_universe(name="Summer")
    universes.delete(gone)
    put_file("summer", "00_late.png", b"late")
    assert api.post(URL, {"slug": "summer"}).status_code == 201
    assert contents("summer") == contents("winter")
    assert {"00_late.png"} == {name for revision in Revision.objects.all() for name in revision.files}


def test_a_database_that_fails_leaves_no_row_and_no_file(api, full_universe):
    def fail():
        raise OperationalError("gone")

    with after('INSERT INTO "univers_assets_translations"', fail):
        assert api.post(URL).status_code == 503
    assert Universe.objects.count() == 1 and in_the_bucket() == ["winter"]


@pytest.mark.django_db(transaction=True)
def test_a_commit_that_fails_leaves_no_row_and_no_file(full_universe, empty_storage):
    rows = copies.with_new_ids(found("winter"), lambda table, row: True)
    rows["univers_assets_prompts"][0]["asset_id"] = "00000000-0000-0000-0000-000000000000"
    with staged_folder() as prepared, pytest.raises(IntegrityError):
        copies.create("summer", rows, prepared)
    assert Universe.objects.count() == 1 and in_the_bucket() == ["winter"]


def test_a_picture_that_comes_meanwhile_is_in_the_copy(api, full_universe, put_file):
    late = iter(["01_sledge.png"])
    with after('FROM "univers_music_prompts"', lambda: [put_file("winter", name) for name in late]):
        assert api.post(URL, {"slug": "summer"}).status_code == 201
    assert "01_sledge.png" in contents("summer") and contents("summer") == contents("winter")


def test_what_never_holds_still_is_not_copied_by_halves(api, full_universe, put_file):
    numbers = iter(range(100))
    with after('FROM "univers_music_prompts"', lambda: put_file("winter", f"{next(numbers):02d}_x.png")):
        response = api.post(URL)
    assert response.status_code == 409 and "try again" in response.json()["detail"]
    assert Universe.objects.count() == 1 and in_the_bucket() == ["winter"]


@pytest.mark.django_db(transaction=True)
def test_of_copies_with_one_slug_made_at_once_one_is_made(full_universe):
    results = together(*[lambda: copies.duplicate(full_universe, slug="summer")] * 4)
    assert sorted(type(result).__name__ for result in results) == ["AlreadyExists"] * 3 + ["Universe"]
    assert Universe.objects.count() == 2 and in_the_bucket() == ["summer", "winter"]
    assert contents("summer") == contents("winter")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fields", [{}, {"slug": "summer"}, {"name": "Summer"}])
def test_an_order_that_is_sent_four_times_at_once_makes_one_copy(full_universe, fields):
    def order():
        return APIClient().post(URL, fields, headers={"Idempotency-Key": "a-key"})

    answers = together(*[order] * 4)
    assert [answer.status_code for answer in answers] == [201] * 4
    (slug,) = {answer.json()["slug"] for answer in answers}
    assert Universe.objects.count() == 2 and in_the_bucket() == sorted(["winter", slug])
    assert contents(slug) == contents("winter")


def test_an_order_is_for_one_universe_and_for_as_long_as_its_copy_is_there(api, universe, make_universe):
    make_universe(slug="summer")
    key = {"Idempotency-Key": "a-key"}
    made = [api.post(URL, headers=key).json()["slug"] for _ in range(2)]
    assert made == ["copy-of-winter"] * 2
    refused = api.post(URL.replace("winter", "summer"), headers=key)
    assert refused.status_code == 400 and "something else" in refused.json()["detail"]
    assert api.post(URL, headers={"Idempotency-Key": "x" * 65}).status_code == 422
    api.delete(f"/api/universes/{made[0]}")
    assert api.post(URL, headers=key).status_code == 201 and Universe.objects.count() == 3


def test_orders_without_a_key_are_meant_each(api, universe):
    assert [api.post(URL).json()["slug"] for _ in range(2)] == ["copy-of-winter", "copy-of-winter-2"]


def test_orders_are_forgotten_after_a_day(api, universe):
    for key in ("one", "two"):
        api.post(URL, headers={"Idempotency-Key": key})
        expires = IdempotencyKey.objects.get(key=key).expires_at
        assert timedelta(hours=23) < expires - timezone.now() < timedelta(hours=25)
        IdempotencyKey.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert [order.key for order in IdempotencyKey.objects.all()] == ["two"]


@pytest.mark.slow
def test_a_large_universe_is_copied_piece_by_piece(full_universe):
    clip = Path(bucket.bucket().path("winter/00_snowflake.mp4"))
    with clip.open("wb") as file:
        file.truncate(150_000_000)
    tracemalloc.start()
    try:
        copies.duplicate(full_universe, slug="summer")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert Path(bucket.bucket().path("summer/00_snowflake.mp4")).stat().st_size == 150_000_000
