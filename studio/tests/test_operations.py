"""What editors start from the admin of universes: a GET tells, a POST does."""

import pytest
from django.urls import reverse

from jobs.models import Job
from universes.services import music

pytestmark = pytest.mark.django_db

LIST = reverse("admin:universes_universe_changelist")


def page_of(job):
    return reverse("admin:jobs_job_change", args=[job.pk])


def operation(key, *universes):
    query = "&".join(f"id={universe.pk}" for universe in universes)
    return reverse("admin:universes_universe_operation", args=[key]) + f"?{query}"


@pytest.fixture
def song(universe):
    return music.create(
        universe, language="fr", prompt="A cheerful tune", lyrics="La la la, the snow is falling"
    )


def texts(response):
    return [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("key", ["pictures", "clips", "songs", "everything"])
def test_every_operation_is_explained(admin_client, universe, asset, song, key, language):
    response = admin_client.get(operation(key, universe), headers={"Accept-Language": language})
    assert response.status_code == 200
    assert f'<html lang="{language}"' in response.content.decode()


def test_a_get_starts_nothing(admin_client, universe, asset, song, provider):
    for key in ("pictures", "clips", "songs", "everything"):
        admin_client.get(operation(key, universe))
        link = reverse(f"admin:universes_universe_start_{key}", args=[universe.pk])
        assert admin_client.get(link).url == operation(key, universe)
    assert not Job.objects.exists()


def test_pictures_are_generated_by_a_job_that_the_message_links_to(admin_client, universe, asset, provider):
    response = admin_client.post(operation("pictures", universe), follow=True)
    job = Job.objects.get()
    assert (job.type, job.univers_slug, job.author, job.total_steps) == (
        "generate_images",
        "winter",
        "admin",
        1,
    )
    assert response.redirect_chain == [(page_of(job), 302)]
    assert texts(response) == [f'<a href="{page_of(job)}">Pictures winter</a> has been started.']


def test_a_second_click_starts_no_second_job(admin_client, universe, asset, provider):
    admin_client.post(operation("pictures", universe))
    response = admin_client.post(operation("pictures", universe), follow=True)
    assert Job.objects.count() == 1
    assert "is being done already" in texts(response)[-1]


def test_what_is_complete_is_said_to_be(admin_client, universe, asset, put_file):
    put_file("winter", asset.image_name)
    response = admin_client.post(operation("pictures", universe), follow=True)
    assert "there was nothing left to do" in texts(response)[0]


def test_each_ticked_universe_gets_its_job_and_a_refused_one_its_reason(
    admin_client, universe, asset, make_universe, provider
):
    empty = make_universe("Empty")
    data = {"action": "bulk_pictures", "_selected_action": [universe.pk, empty.pk]}
    shown = admin_client.post(LIST, data)
    assert not Job.objects.exists()
    response = admin_client.post(shown.url, follow=True)
    assert Job.objects.get().univers_slug == "winter"
    assert "No assets in universe 'empty'" in texts(response)[0]


def test_songs_are_sung_in_the_chosen_languages(admin_client, universe, song, provider):
    page = admin_client.get(operation("songs", universe))
    assert page.context["form"]["languages"].value() == ["fr"]
    admin_client.post(operation("songs", universe), {"languages": ["fr"]})
    assert Job.objects.get().steps.get().params["language"] == "fr"


def test_everything_asks_for_a_theme(admin_client, universe, provider):
    response = admin_client.post(operation("everything", universe), {"count": "51"})
    assert sorted(response.context["form"].errors) == ["count", "theme"]
    admin_client.post(operation("everything", universe), {"theme": "winter", "count": "8"})
    assert Job.objects.get().type == "generate_all"


def test_a_service_without_a_key_is_one_clear_message(admin_client, universe, asset):
    response = admin_client.post(operation("pictures", universe), follow=True)
    assert response.status_code == 200
    (text,) = texts(response)
    assert "REPLICATE_API_TOKEN" in text
    assert not Job.objects.exists()


def test_an_operation_on_nothing_and_one_that_is_none_are_told_apart(admin_client, universe):
    # Ids begin with 1.
    assert admin_client.get(operation("pictures") + "id=x&id=0").url == LIST
    assert admin_client.get(operation("nonsense", universe)).status_code == 404


def test_who_may_not_generate_starts_nothing(client, editor, universe, asset):
    client.force_login(editor)
    assert client.post(operation("pictures", universe)).status_code == 403
    assert not Job.objects.exists()
