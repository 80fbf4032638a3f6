"""The tab Activity: jobs, edits and revisions in one timeline."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from generation import services as generation
from generation.tests.helpers import run_out
from jobs.models import Job, JobStep
from universes.models import Edit
from universes.services import assets, music, universes

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(universe):
    return reverse("admin:studio_activity", args=[universe.pk])


@pytest.fixture
def look(client, staff, page):
    """The tab's text, as somebody of these groups sees it."""

    def look(*groups, **query):
        reader = get_user_model().objects.filter(username="reader").first() or staff("reader", "Viewer")
        reader.groups.add(*Group.objects.filter(name__in=groups))
        client.force_login(reader)
        return client.get(page, query)

    return look


@pytest.fixture
def job(universe):
    job = Job.objects.create(
        type="generate_images", univers_slug="winter", status="failed", author="leo", total_steps=1
    )
    JobStep.objects.create(
        job=job, key="image:x", label="Picture of Fox", handler="x", status="failed", error="No snow."
    )
    return job


def rows(response):
    return [row for _day, found in response.context["days"] for row in found]


def test_what_somebody_changed_is_a_sentence_with_the_words_before_and_after(look, make_asset):
    fox = make_asset("Fox", translations={"de": "Fuchs"})
    assets.update(fox, translations={"de": "Füchslein"}, author="Anna")
    text = look().content.decode()
    assert "<strong>Anna</strong> changed the German name of “<bdi>Fox</bdi>”" in text
    assert "Fuchs" in text and "Füchslein" in text


def test_every_field_of_everything_has_a_sentence(look, universe, make_asset):
    song = music.create(universe, language="it", prompt="gentle", lyrics="la la", author="Anna")
    music.update(song, lyrics="lo lo", author="Anna")
    universes.update(universe, is_public=False, default_image_prompt="{concept}", author="<b>Bob</b>")
    assets.update(make_asset("Fox", author="Anna"), sort_order=7, custom_video_prompt="jumps")
    text = look().content.decode()
    for sentence in (
        "<strong>Anna</strong> began the song in Italian",
        "<strong>Anna</strong> changed the lyrics of the song in Italian",
        "<strong>&lt;b&gt;Bob&lt;/b&gt;</strong> changed who sees it of the universe",
        "changed the picture prompt of the universe",
        "<strong>Anna</strong> made the card “<bdi>Fox</bdi>”",
        "<strong>Somebody</strong> changed the place of “<bdi>Fox</bdi>”",
        "<strong>Somebody</strong> changed the clip prompt of “<bdi>Fox</bdi>”",
    ):
        assert sentence in text
    assert "<b>Bob" not in text


def test_kinds_and_people_narrow_the_timeline(look, make_asset, job):
    fox = make_asset("Fox", author="Anna")
    assets.delete(fox, "Anna")
    kinds = [row["kind"] for row in rows(look())]
    assert kinds == ["revisions", "changes", "jobs"]
    for kind in kinds:
        assert [row["kind"] for row in rows(look(kind=kind))] == [kind]
    assert [row["kind"] for row in rows(look(who="leo", kind=""))] == ["jobs"]
    assert look(kind="changes", who="leo", page="1").status_code == 200


def test_days_are_headings_and_events_come_newest_first(look, universe):
    now = timezone.now()
    for days in (3, 1, 2):
        Edit.objects.create(universe=universe, kind="universe", label="W", field="name", new=str(days),
                            created_at=now - timedelta(days=days))  # fmt: skip
    found = look().context["days"]
    assert [str(row["after"]) for _day, [row] in found] == ["1", "2", "3"]


def test_a_long_past_comes_in_pages_and_few_statements(look, universe, job, django_assert_max_num_queries):
    Edit.objects.bulk_create(
        Edit(universe=universe, kind="universe", label="W", field="name", new=str(n), author="Anna")
        for n in range(130)
    )
    last = look(page="3")
    assert len(rows(last)) == 31
    assert rows(last)[-1]["kind"] == "jobs"
    with django_assert_max_num_queries(30):
        assert len(rows(look(page="1", kind=""))) == 50


def test_a_job_has_its_steps_and_buttons_for_those_who_may_use_them(client, look, page, universe, job):
    retry = reverse("admin:jobs_job_retry", args=[job.pk])
    assert retry not in look().content.decode()
    shown = look("Generator").content.decode()
    assert retry in shown and 'name="next"' in shown and 'data-when="can_cancel" data-once hidden' in shown
    steps = client.get(reverse("admin:studio_job_steps", args=[universe.pk, job.pk])).content.decode()
    assert "Picture of Fox" in steps and "No snow." in steps and "hx-get" not in steps
    Job.objects.update(status="running")
    steps = client.get(reverse("admin:studio_job_steps", args=[universe.pk, job.pk])).content.decode()
    assert 'hx-trigger="every' in steps


def test_trying_again_leads_back_to_the_timeline_and_nowhere_else(client, look, page, job):
    look("Generator")
    address = reverse("admin:jobs_job_retry", args=[job.pk])
    assert client.post(address, {"next": f"{page}?kind=jobs"}).headers["Location"] == f"{page}?kind=jobs"
    stranger = client.post(address, {"next": "https://example.com/"}).headers["Location"]
    assert stranger == reverse("admin:jobs_job_change", args=[job.pk])


def test_revisions_can_be_restored_by_those_who_may(look, make_asset):
    assets.delete(make_asset("Fox"), "Anna")
    assert "/restore/" not in look().content.decode()
    text = look("Publisher").content.decode()
    assert "/restore/" in text and "<strong>Anna</strong>: card deleted." in text


def test_the_tab_is_french_for_who_reads_french(client, staff, page):
    client.force_login(staff("lea", "Viewer"))
    assert '<html lang="fr"' in client.get(page, headers={"Accept-Language": "fr"}).content.decode()


def test_what_a_job_wrote_is_told_as_the_jobs_of_who_started_it(look, client, universe, make_asset, provider):
    fox = make_asset("Fox", translations={"fr": "Renard"})
    run_out(generation.start_names(universe, [fox.pk], ["de"], author="Léa").pk)
    music.create(universe, language="fr", prompt="gentle", lyrics="la neige\ntombe", author="Léa")
    run_out(generation.start_lyrics(universe, "de", "fr", author="Léa").pk)
    text = look().content.decode()
    assert (
        "<strong>The job “Names” that Léa started</strong> changed the German name of “<bdi>Fox</bdi>”"
        in text
    )
    assert "<strong>The job “Translated lyrics” that Léa started</strong> began the song in German" in text
    assert text.count("Somebody") == 1, "who made the card"
    french = client.get(look().request["PATH_INFO"], headers={"Accept-Language": "fr"}).content.decode()
    assert "La tâche « Noms » lancée par Léa</strong>" in french.replace("\xa0", " ")
    assert len(rows(look(who="Léa"))) == len(rows(look())) - 1


def test_who_is_overtaken_by_a_job_learns_so(client, staff, universe, make_asset, provider):
    fox = make_asset("Fox", translations={"fr": "Renard"})
    run_out(generation.start_names(universe, [fox.pk], ["de"], author="Léa").pk)
    client.force_login(staff("ed", "Editor"))
    where = reverse("admin:studio_save_name", args=[universe.pk, fox.pk, "de"])
    (conflict,) = client.post(where, {"name_de": "Füchslein", "seen_name_de": ""}).json()["conflicts"]
    assert "the job “Names” that Léa started changed this to" in conflict["message"]
