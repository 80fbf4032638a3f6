"""The admin's home, its accounts, its languages."""

import gettext
import re
from decimal import Decimal

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin

from generation.models import Charge
from generation.spending import this_month
from jobs.models import Job, JobStep
from studio.tests.forms import sent_back
from universes.services import assets

pytestmark = pytest.mark.django_db

HOME = reverse("admin:index")


def test_every_admin_is_unfolds_and_the_queues_tables_have_none():
    assert all(isinstance(model_admin, ModelAdmin) for model_admin in admin.site._registry.values())
    assert {model._meta.app_label for model in admin.site._registry} == {
        "auth",
        "generation",
        "jobs",
        "magikswipe",
        "universes",
    }


def test_no_check_reads_the_database_which_has_no_tables_before_the_first_migration(
    django_assert_num_queries,
):
    with django_assert_num_queries(0):
        call_command("check")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_accounts_answer(admin_client, admin_user, language):
    group = Group.objects.create(name="Editors")
    pages = [
        reverse("admin:auth_user_changelist"),
        reverse("admin:auth_user_add"),
        reverse("admin:auth_user_change", args=[admin_user.pk]),
        reverse("admin:auth_user_password_change", args=[admin_user.pk]),
        reverse("admin:auth_group_changelist"),
        reverse("admin:auth_group_change", args=[group.pk]),
        reverse("admin:password_change"),
        HOME,
    ]
    for page in pages:
        assert admin_client.get(page, headers={"Accept-Language": language}).status_code == 200, page


def test_the_home_shows_universes_and_the_jobs_at_work(admin_client, universe, asset, put_file):
    put_file("winter", asset.image_name)
    running = Job.objects.create(type="generate_images", univers_slug="winter", status="running")
    Job.objects.create(type="generate_videos", univers_slug="winter", status="completed")
    page = admin_client.get(HOME).content.decode()
    assert 'src="/storage/buckets/univers/winter/00_snowflake.png"' in page
    assert reverse("admin:jobs_job_change", args=[running.pk]) in page
    assert "Clips winter" not in page


def test_two_hundred_universes_take_the_home_few_statements(admin_client, make_universe):
    for number in range(200):
        assets.create(make_universe(f"Universe {number}"), display_name="Card")
    with CaptureQueriesContext(connection) as queries:
        page = admin_client.get(HOME).content.decode()
    assert len(queries) <= 30
    assert "176 more universes" in page


def test_the_home_tells_what_needs_attention_and_where_to_mend_it(admin_client, universe, make_asset):
    make_asset("Fox", translations={"fr": "Renard"})
    job = failed_job("image:fox")
    page = admin_client.get(HOME)
    text = page.content.decode()
    assert "No snow." in text and reverse("admin:jobs_job_retry", args=[job.pk]) in text
    assert (
        f'href="{reverse("admin:studio_names", args=[universe.pk])}"><bdi>Winter</bdi></a><span>4</span>'
        in text
    )
    assert f'href="{reverse("admin:universes_universe_publish", args=[universe.pk])}"><bdi>Winter' in text
    assert f'href="{reverse("admin:studio_cards", args=[universe.pk])}"' in text


def failed_job(key):
    now = timezone.now()
    job = Job.objects.create(
        type="generate_images", univers_slug="winter", status="failed", error="No snow.", completed_at=now
    )
    JobStep.objects.create(job=job, key=key, label="Fox", handler="x", status="failed", completed_at=now)
    return job


def test_what_failed_and_was_done_since_needs_no_attention(admin_client, universe):
    failed_job("image:fox")
    later = Job.objects.create(type="generate_images", univers_slug="winter", status="completed")
    JobStep.objects.create(
        job=later, key="image:fox", label="Fox", handler="x", status="completed", completed_at=timezone.now()
    )
    assert "No snow." not in admin_client.get(HOME).content.decode()


def test_trying_again_from_home_leads_home_and_is_for_those_who_may(client, staff, universe):
    retry = reverse("admin:jobs_job_retry", args=[failed_job("image:fox").pk])
    client.force_login(staff("leo", "Viewer"))
    assert retry not in client.get(HOME).content.decode()
    client.force_login(staff("anna", "Generator"))
    assert retry in client.get(HOME).content.decode()
    assert client.post(retry, {"next": HOME}).url == HOME


def test_the_home_shows_how_much_of_the_months_limit_is_spent(admin_client, settings):
    settings.SPEND_LIMIT_MONTHLY = Decimal(10)
    Charge.objects.create(
        month=this_month(), kind="image", model="a/b", amount=Decimal("2.5"), status="spent"
    )
    assert 'style="width:25%"' in admin_client.get(HOME).content.decode()


def test_the_home_shows_nothing_to_those_who_may_see_nothing(client, newcomer, universe):
    client.force_login(newcomer)
    page = client.get(HOME).content.decode()
    assert "Winter" not in page
    assert reverse("admin:universes_universe_changelist") not in page


def test_logging_in_leads_home(client, editor):
    response = client.post(reverse("admin:login"), {"username": "editor", "password": "words"})
    assert response.url == HOME


def test_the_language_can_be_switched(admin_client):
    assert "Universes" in admin_client.get(HOME).content.decode()
    admin_client.post(reverse("set_language"), {"language": "fr", "next": HOME})
    page = admin_client.get(HOME).content.decode()
    assert "Univers" in page and "Accueil" in page and "Universes" not in page


def test_a_user_can_be_made(admin_client):
    data = {"username": "lea", "password1": "Snow-and-ice-7", "password2": "Snow-and-ice-7"}
    admin_client.post(reverse("admin:auth_user_add"), {**data, "usable_password": "true"})
    assert get_user_model().objects.get(username="lea").check_password("Snow-and-ice-7")


@pytest.mark.parametrize("catalogue", settings.LOCALE_PATHS, ids=lambda path: path.name)
def test_the_compiled_french_is_whole_and_up_to_date(catalogue):
    folder = catalogue / "fr" / "LC_MESSAGES"
    with (folder / "django.mo").open("rb") as compiled:
        words = gettext.GNUTranslations(compiled)
    source = (folder / "django.po").read_text()
    told = re.findall(r'^(?:msgctxt "(.+)"\n)?msgid "(.+)"\nmsgstr "(.*)"$', source, re.MULTILINE)
    assert len(told) > 50
    for context, english, french in told:
        assert french
        english, french = english.replace('\\"', '"'), french.replace('\\"', '"')
        assert (words.pgettext(context, english) if context else words.gettext(english)) == french


def test_the_sidebar_counts_the_jobs_at_work_and_nothing_else(admin_client):
    Job.objects.create(type="generate_videos", status="completed")
    assert not _badges(admin_client)
    Job.objects.create(type="generate_images", status="running")
    assert _badges(admin_client) == [1]


def _badges(client):
    groups = client.get(HOME).context["sidebar_navigation"]
    return [item["badge"] for group in groups for item in group["items"] if item.get("badge")]


@pytest.mark.parametrize("kind", ["user", "group"])
def test_an_account_that_somebody_else_changed_meanwhile_is_not_overwritten(admin_client, staff, kind):
    lea, viewer = staff("lea", "Editor"), Group.objects.get(name="Viewer")
    thing, field, theirs, mine = {
        "user": (lea, "email", "b@example.org", "a@example.org"),
        "group": (viewer, "name", "Onlookers", "Guests"),
    }[kind]
    page = reverse(f"admin:auth_{kind}_change", args=[thing.pk])
    shown = admin_client.get(page)
    assert '<input type="hidden" name="seen" value="{' in shown.content.decode()
    sent = sent_back(shown, seen=shown.context["adminform"].form.seen, **{field: mine})
    assert "pbkdf2" not in sent["seen"] and "md5$" not in sent["seen"]
    setattr(thing, field, theirs)
    thing.save()
    if kind == "user":
        lea.groups.add(viewer)
        lea.last_login = timezone.now()
        lea.save()
    refused = admin_client.post(page, sent)
    form = refused.context["adminform"].form
    assert list(form.errors) == ([field, "groups"] if kind == "user" else [field])
    assert f"Meanwhile this became “{theirs}”" in form.errors[field][0] and mine in refused.content.decode()
    thing.refresh_from_db()
    assert getattr(thing, field) == theirs and (kind == "group" or lea.groups.count() == 2)
    again = sent_back(refused, seen=form.seen)
    assert admin_client.post(page, again).status_code == 302
    thing.refresh_from_db()
    assert getattr(thing, field) == mine


@pytest.mark.parametrize("seen", ["", "[]", "no JSON", "{}"])
def test_a_form_that_tells_nothing_of_what_it_showed_is_taken(admin_client, staff, seen):
    page = reverse("admin:auth_user_change", args=[staff("lea").pk])
    sent = sent_back(admin_client.get(page), seen=seen, first_name="Léa")
    assert admin_client.post(page, sent).status_code == 302
    assert get_user_model().objects.get(username="lea").first_name == "Léa"
