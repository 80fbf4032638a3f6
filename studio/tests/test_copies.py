"""A universe once more: everything of it is there, nothing of the original changes, and half a copy never stays."""

import os
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from api.models import IdempotencyKey
from storage import bucket
from storage.bucket import staged_folder
from universes.models import Revision, Universe
from universes.services import copies, universes
from universes.tests.test_services import together
from universes.tests.wholes import contents, found, ids, in_the_bucket, state, words

pytestmark = pytest.mark.django_db
URL = "/api/universes/winter/duplicate"


def after(fragment, act):
    """A wrapper that does `act` after each statement with this fragment."""

    def wrap(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if fragment in sql:
            act()
        return result

    return connection.execute_wrapper(wrap)


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


# --- In the admin ------------------------------------------------------------------------------------------


def page(name, *args):
    return reverse(f"admin:universes_universe_{name}", args=args)


def test_the_admin_duplicates_by_a_form_that_a_get_only_shows(admin_client, full_universe):
    url = page("duplicate", full_universe.pk)
    assert 'value="Copy of Winter"' in admin_client.get(url).content.decode()
    assert Universe.objects.count() == 1
    response = admin_client.post(url, {"name": "L'été", "slug": ""})
    copy = Universe.objects.get(slug="l-ete")
    assert response.url == reverse("admin:studio_cards", args=[copy.pk]) and not copy.is_public
    assert contents("l-ete") == contents("winter")
    assert (
        "“<bdi>L&#x27;été</bdi>” has been made, with 2 cards."
        in admin_client.get(response.url).content.decode()
    )


@pytest.mark.parametrize("slug", ["winter", "Not A Slug"])
def test_the_admin_says_at_the_slug_what_is_wrong_with_it(admin_client, full_universe, slug):
    response = admin_client.post(page("duplicate", full_universe.pk), {"name": "Kept words", "slug": slug})
    assert response.status_code == 200 and response.context["form"].errors.keys() == {"slug"}
    assert 'value="Kept words"' in response.content.decode()
    assert Universe.objects.count() == 1


def test_the_admin_says_that_it_does_not_hold_still(admin_client, full_universe, put_file):
    numbers = iter(range(100))
    with after('FROM "univers_music_prompts"', lambda: put_file("winter", f"{next(numbers):02d}_x.png")):
        response = admin_client.post(page("duplicate", full_universe.pk), {"name": "Copy", "slug": ""})
    assert "It changes all the time" in response.content.decode() and Universe.objects.count() == 1


def test_the_admin_exports_what_the_api_does(admin_client, full_universe, exported):
    link = f"{page('changelist')}{full_universe.pk}/export/"
    assert link in admin_client.get(page("change", full_universe.pk)).content.decode()
    response = admin_client.get(link)
    assert response["Content-Disposition"] == 'attachment; filename="winter.magikswipe.zip"'
    assert (response["Content-Type"], response.getvalue()) == ("application/zip", exported)


def test_the_admin_says_that_what_is_exported_does_not_hold_still(admin_client, full_universe, put_file):
    numbers = iter(range(100))
    with after('FROM "univers_music_prompts"', lambda: put_file("winter", f"{next(numbers):02d}_x.png")):
        response = admin_client.get(f"{page('changelist')}{full_universe.pk}/export/")
    assert response.url == page("change", full_universe.pk)
    assert "It changes all the time" in admin_client.get(response.url).content.decode()


def test_the_universes_page_leads_to_its_copy_and_its_preview(admin_client, full_universe):
    shown = admin_client.get(page("change", full_universe.pk)).content.decode()
    for word, leads_to in {
        "copy": page("duplicate", full_universe.pk),
        "child": "/preview/winter",
    }.items():
        link = f"{page('changelist')}{full_universe.pk}/{word}/"
        assert link in shown and admin_client.get(link).url == leads_to
    link = f"{page('changelist')}from-archive/"
    assert link in admin_client.get(page("changelist")).content.decode()
    assert admin_client.get(link).url == page("import")


def upload(archive, name="winter.magikswipe.zip"):
    return SimpleUploadedFile(name, archive, "application/zip")


def test_the_admin_imports_what_is_uploaded(admin_client, full_universe, exported):
    assert admin_client.get(page("import")).status_code == 200
    response = admin_client.post(page("import"), {"archive": upload(exported), "slug": "summer"})
    copy = Universe.objects.get(slug="summer")
    assert response.url == reverse("admin:studio_cards", args=[copy.pk])
    assert (
        "“<bdi>Winter</bdi>” has been made, with 2 cards." in admin_client.get(response.url).content.decode()
    )
    assert contents("summer") == contents("winter")


@pytest.mark.parametrize(
    ("archive", "field", "words"),
    [(None, "slug", "already; give another slug"), (b"no zip", "archive", "no zip file"),
     (b"0" * 1_100_000, "archive", "larger than 1 MB"), (b"", "archive", "empty")],
)  # fmt: skip
def test_the_admin_says_what_is_wrong_with_an_upload(
    admin_client, full_universe, exported, settings, archive, field, words
):
    settings.IMPORT_MAX_MB = 1
    sent = {"archive": upload(exported if archive is None else archive), "slug": ""}
    response = admin_client.post(page("import"), sent)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert words in response.context["form"].errors[field][0]
    assert Universe.objects.count() == 1 and in_the_bucket() == ["winter"]


@pytest.fixture
def send_again(admin_client):
    """Sends the import form as its page has it after an answer, with what is given; the file is not chosen again."""

    def send(answer, **given):
        return admin_client.post(page("import"), {"kept": answer.context["kept"], **given})

    return send


def waiting(storage):
    return [path for path in storage.glob("staging/*/*") if path.is_file()]


def test_an_archive_whose_slug_is_taken_asks_for_another_and_not_for_the_file(
    admin_client, full_universe, exported, send_again, empty_storage
):
    answer = admin_client.post(page("import"), {"archive": upload(exported), "slug": ""})
    assert 'name="kept"' in answer.content.decode() and "It is here already" in answer.content.decode()
    for slug in ("Not a slug", "winter", ""):
        answer = send_again(answer, slug=slug)
        assert list(answer.context["form"].errors) == ["slug"], slug
    assert len(waiting(empty_storage)) == 1
    answer = send_again(answer, slug="summer")
    assert answer.url == reverse("admin:studio_cards", args=[Universe.objects.get(slug="summer").pk])
    assert contents("summer") == contents("winter") and not waiting(empty_storage)


def test_archives_wait_for_each_of_ones_pages_but_not_without_end(
    admin_client, full_universe, exported, send_again, empty_storage
):
    pages = [admin_client.post(page("import"), {"archive": upload(exported)}) for _ in range(2)]
    assert [send_again(answer, slug=f"summer-{n}").status_code for n, answer in enumerate(pages)] == [
        302,
        302,
    ]
    assert not waiting(empty_storage)
    first, *_, last = [admin_client.post(page("import"), {"archive": upload(exported)}) for _ in range(4)]
    assert len(waiting(empty_storage)) == 3
    assert [send_again(answer, slug="spring").status_code for answer in (first, last)] == [200, 302]


def test_another_archive_may_be_chosen_instead(
    admin_client, full_universe, exported, send_again, empty_storage
):
    answer = admin_client.post(page("import"), {"archive": upload(exported), "slug": "Not a slug"})
    answer = send_again(answer, archive=upload(b"no zip"), slug="summer")
    assert list(answer.context["form"].errors) == ["archive"] and not answer.context["kept"]
    answer = admin_client.post(page("import"), {"archive": upload(exported)})
    answer = send_again(answer, archive=upload(exported))
    assert len(waiting(empty_storage)) == 1
    assert send_again(answer, archive=upload(exported), slug="summer").status_code == 302
    assert not waiting(empty_storage)


def test_an_archive_that_waits_is_its_owners_for_a_day(
    admin_client, lea, full_universe, exported, send_again, empty_storage
):
    answer = admin_client.post(page("import"), {"archive": upload(exported)})
    for kept in (answer.context["kept"], "../../db/test.db", "x", ""):
        found = lea.post(page("import"), {"kept": kept, "slug": "summer"})
        assert list(found.context["form"].errors) == ["archive"]
    (path,) = waiting(empty_storage)
    two_days_ago = timezone.now().timestamp() - 2 * 24 * 3600
    os.utime(path.parent, (two_days_ago, two_days_ago))
    found = send_again(answer, slug="summer")
    assert list(found.context["form"].errors) == ["archive"] and not waiting(empty_storage)
    assert Universe.objects.count() == 1


def test_an_upload_without_the_forms_token_is_refused(admin_user, full_universe, exported):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin_user)
    response = browser.post(page("import"), {"archive": upload(exported), "slug": "summer"})
    assert response.status_code == 403 and Universe.objects.count() == 1
    token = browser.get(page("import")).context["csrf_token"]
    sent = {"archive": upload(exported), "slug": "summer", "csrfmiddlewaretoken": str(token)}
    assert browser.post(page("import"), sent).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_form_that_is_sent_four_times_at_once_makes_one_copy(admin_user, universe):
    url = page("duplicate", universe.pk)

    def send():
        browser = Client()
        browser.force_login(admin_user)
        return browser.post(url, {"name": "Summer", "slug": "", "once": "a-form"})

    answers = together(*[send] * 4)
    assert [answer.status_code for answer in answers] == [302] * 4
    assert len({answer.url for answer in answers}) == 1 and Universe.objects.count() == 2


def test_a_form_that_is_sent_twice_makes_one_copy(admin_client, universe):
    url = reverse("admin:universes_universe_duplicate", args=[universe.pk])
    fields = {"name": "Summer", "slug": "", "once": admin_client.get(url).context["once"]}
    answers = [admin_client.post(url, fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0].url == answers[1].url and Universe.objects.count() == 2
    assert (
        admin_client.post(url, {**fields, "once": admin_client.get(url).context["once"]}).status_code == 302
    )
    assert Universe.objects.count() == 3
