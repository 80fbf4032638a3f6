"""The admin's home, its accounts, its languages."""

import gettext
import re

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from unfold.admin import ModelAdmin

from jobs.models import Job
from universes.services import assets

pytestmark = pytest.mark.django_db

HOME = reverse("admin:index")


def test_every_admin_is_unfolds_and_the_queues_tables_have_none():
    assert all(isinstance(model_admin, ModelAdmin) for model_admin in admin.site._registry.values())
    assert {model._meta.app_label for model in admin.site._registry} == {
        "auth",
        "generation",
        "jobs",
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


def test_the_home_takes_the_same_few_statements_however_many(admin_client, make_universe):
    for number in range(20):
        assets.create(make_universe(f"Universe {number}"), display_name="Card")
    with CaptureQueriesContext(connection) as queries:
        admin_client.get(HOME)
    assert len(queries) <= 12


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
    told = re.findall(r'^msgid "(.+)"\nmsgstr "(.*)"$', source, re.MULTILINE)
    assert len(told) > 50
    for english, french in told:
        assert french
        assert words.gettext(english.replace('\\"', '"')) == french.replace('\\"', '"')


def test_the_sidebar_counts_the_jobs_at_work_and_nothing_else(admin_client):
    Job.objects.create(type="generate_videos", status="completed")
    assert not _badges(admin_client)
    Job.objects.create(type="generate_images", status="running")
    assert _badges(admin_client) == [1]


def _badges(client):
    groups = client.get(HOME).context["sidebar_navigation"]
    return [item["badge"] for group in groups for item in group["items"] if item.get("badge")]
