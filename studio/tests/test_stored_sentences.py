"""Stored sentences are shown in the reader's language, and in English by the API."""

import pytest
from django.urls import reverse
from django.utils import translation

from generation import kinds
from generation.kinds.lyrics import NO_LYRICS
from jobs import progress, services
from jobs.models import Job, State
from storage.messages import gettext, ngettext, together
from universes.models import Revision
from universes.services import assets

pytestmark = pytest.mark.django_db
NO_TOKEN = "Replicate is not configured: set REPLICATE_API_TOKEN."
NO_TOKEN_FR = "Replicate n’est pas configuré : renseignez REPLICATE_API_TOKEN."


@pytest.fixture
def failed(universe, make_asset):
    """A job that failed at the pictures of three cards, for want of a token."""
    cards = [make_asset(name) for name in ("Fox", "Cards: the game", "Error")]
    job = services.start("generate_images", "winter", kinds.PICTURES.steps(universe, cards, regenerate=True))
    job.steps.update(status=State.FAILED, error=gettext(NO_TOKEN))
    progress.finish(job)
    return Job.objects.get(pk=job.pk)


def plain(response):
    return response.content.decode().replace("\xa0", " ")


def look(client, job, language):
    return plain(
        client.get(reverse("admin:jobs_job_change", args=[job.pk]), headers={"Accept-Language": language})
    )


def test_a_job_that_failed_says_so_in_french_and_in_english(admin_client, failed):
    page = look(admin_client, failed, "fr")
    assert f"Image de Fox : {NO_TOKEN_FR} (2 de plus ont échoué.)" in page
    assert "Image de Cards: the game" in page and "Image de Error" in page
    assert NO_TOKEN not in page
    assert f"Picture of Fox: {NO_TOKEN} (2 more failed.)" in look(admin_client, failed, "en")


def test_the_api_says_it_in_english_whatever_the_client_reads(api, failed):
    told = api.get(f"/api/jobs/{failed.pk}", headers={"Accept-Language": "fr"}).json()
    assert told["error"] == f"Picture of Fox: {NO_TOKEN} (2 more failed.)"
    assert {step["label"] for step in told["steps"]} == {
        "Picture of Fox", "Picture of Cards: the game", "Picture of Error",
    }  # fmt: skip


def test_what_is_started_in_french_is_kept_in_english(universe, make_asset):
    with translation.override("fr"):
        steps = [
            *kinds.PICTURES.steps(universe, [make_asset("Fox")], regenerate=True),
            *kinds.SONGS.steps(universe, ["de"]),
        ]
        job = services.start("fill_gaps", "winter", steps, left_out="Left out: 1 clip.")
    assert [step.label.english for step in job.steps.all()] == ["Picture of Fox", "Song in German"]
    assert job.message.startswith("0 of 2 steps")


def test_the_studio_says_in_french_what_failed_and_what_was_left_out(admin_client, failed, universe):
    one, many = (
        "%(number)s card without any name: give each one first.",
        "%(number)s cards without any name: give each one first.",
    )
    reasons = ngettext(one, many, 1) % {"number": 1}, NO_LYRICS
    Job.objects.update(
        left_out=together(*(gettext("Left out: %(sentence)s") % {"sentence": r} for r in reasons))
    )
    activity, cards = (
        plain(admin_client.get(reverse(name, args=[universe.pk]), headers={"Accept-Language": "fr"}))
        for name in ("admin:studio_activity", "admin:studio_cards")
    )
    assert (
        "Laissé de côté : 1 carte sans aucun nom : donnez-lui-en d’abord un. Laissé de côté : Paroles"
        in activity
    )
    assert cards.count(NO_TOKEN_FR) == 3


def test_what_a_service_refuses_is_said_in_the_editors_language(admin_client, universe):
    job = services.start("generate_images", "winter", [])
    for language, said in (("fr", "et n’a rien à relancer."), ("en", "and has nothing to retry.")):
        answer = admin_client.post(
            reverse("admin:jobs_job_retry", args=[job.pk]), follow=True, headers={"Accept-Language": language}
        )
        assert said in plain(answer)


def test_a_revision_is_called_by_its_cause_in_the_editors_language(admin_client, asset):
    assets.delete(asset)
    revision = Revision.objects.get()
    for address in (
        reverse("admin:universes_revision_change", args=[revision.pk]),
        f"{reverse('admin:universes_revision_changelist')}?cause=delete_card",
    ):
        page = plain(admin_client.get(address, headers={"Accept-Language": "fr"}))
        assert "carte supprimée" in page
        assert "winter: delete_card" not in page and ">delete_card<" not in page
