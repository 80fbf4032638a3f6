"""Duplicating, exporting and importing in the admin."""

import os

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from universes.models import Universe
from universes.tests.helpers import after, contents, in_the_bucket, together

pytestmark = pytest.mark.django_db


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
