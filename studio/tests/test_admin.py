"""The admin of universes, cards, songs and revisions."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from storage import bucket
from studio.tabs import cards
from studio.tests.forms import sent_back
from universes.models import Asset, Revision, Universe
from universes.services import assets, edits, music

pytestmark = pytest.mark.django_db

LIST = reverse("admin:universes_universe_changelist")


def page_of(item):
    return reverse(f"admin:{item._meta.label_lower.replace('.', '_')}_change", args=[item.pk])


@pytest.fixture
def save(admin_client, django_capture_on_commit_callbacks):
    """Opens an item's page, changes fields, sends it; returns the answer after the redirect."""

    def save(item, **changes):
        data = sent_back(admin_client.get(page_of(item)), **changes)
        with django_capture_on_commit_callbacks(execute=True):
            return admin_client.post(page_of(item), data, follow=True)

    return save


@pytest.fixture
def song(universe):
    return music.create(
        universe, language="fr", prompt="A cheerful tune", lyrics="La la la, the snow is falling"
    )


# --- Pages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_answers(admin_client, universe, asset, song, put_file, language):
    put_file("winter", asset.image_name)
    put_file("winter", "fr.mp3")
    assets.delete(assets.create(universe, display_name="Gone"), "lea")
    pages = [
        LIST,
        reverse("admin:universes_universe_add"),
        page_of(universe),
        reverse("admin:universes_universe_delete", args=[universe.pk]),
        reverse("admin:universes_asset_changelist"),
        reverse("admin:universes_asset_delete", args=[asset.pk]),
        reverse("admin:universes_revision_changelist"),
        page_of(Revision.objects.get()),
    ]
    for page in pages:
        response = admin_client.get(page, headers={"Accept-Language": language})
        assert response.status_code == 200, page
        assert f'<html lang="{language}"' in response.content.decode(), page


def test_the_list_counts_what_is_there(admin_client, universe, make_asset, put_file):
    for name in ("Snowflake", "Snowman", "Penguin"):
        make_asset(name)
    for name in ("00_snowflake.png", "01_snowman.png", "00_snowflake.mp4", "fr.mp3"):
        put_file("winter", name)
    page = admin_client.get(LIST).content.decode()
    for count in ("2 / 3", "1 / 3", "1 / 5", "0 / 15"):
        assert f'<span class="ms-count">{count}</span>' in page


def test_universes_are_found_by_a_translated_name(admin_client, universe, make_universe):
    make_universe("Farm")
    response = admin_client.get(LIST, {"q": "hiver"})
    assert list(response.context["cl"].result_list) == [universe]


@pytest.mark.parametrize("rows", [1, 50])
def test_the_list_takes_the_same_few_statements_however_long(admin_client, make_universe, rows):
    for number in range(rows):
        universe = make_universe(f"Universe {number}")
        assets.create(universe, display_name="Card")
        assets.create(universe, display_name="Other")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(admin_client.get(LIST).context["cl"].result_list) == rows
    assert len(queries) <= 15


@pytest.mark.parametrize("cards", [1, 60])
def test_a_universe_takes_the_same_few_statements_however_full(admin_client, universe, make_asset, cards):
    for number in range(cards):
        make_asset(f"Card {number}", translations={"fr": "Carte"})
    with CaptureQueriesContext(connection) as queries:
        admin_client.get(page_of(universe))
    assert len(queries) <= 20


def test_the_list_of_cards_takes_few_statements(admin_client, make_universe):
    for name in "abcde":
        universe = make_universe(name)
        for number in range(6):
            assets.create(universe, display_name=f"Card {number}")
    with CaptureQueriesContext(connection) as queries:
        admin_client.get(reverse("admin:universes_asset_changelist"))
    assert len(queries) <= 15


# --- Universes ---------------------------------------------------------------------------------------------


def test_a_new_universe_gets_its_slug_from_its_name_and_opens(admin_client):
    data = {"name": "Été à la mer", "is_public": "on", "background_color": "#ffcc00", "name_fr": "La mer"}
    response = admin_client.post(reverse("admin:universes_universe_add"), data, follow=True)
    made = Universe.objects.get()
    assert response.redirect_chain == [(reverse("admin:studio_cards", args=[made.pk]), 302)]
    assert (made.slug, made.is_public, made.background_color) == ("ete-a-la-mer", True, "#ffcc00")
    assert list(made.translations.values_list("language", "name")) == [("fr", "La mer")]


@pytest.mark.parametrize("slug", ["../up", "Winter", "a--b", "x" * 101, "winter"])
def test_a_slug_that_is_bad_or_taken_is_said_in_the_form(admin_client, universe, slug):
    response = admin_client.post(reverse("admin:universes_universe_add"), {"name": "New", "slug": slug})
    assert response.status_code == 200
    assert response.context["adminform"].form.errors["slug"]
    assert Universe.objects.count() == 1


def test_what_is_changed_is_saved_and_the_rest_stays(save, universe):
    kept = universe.translations.get(language="en")
    save(
        universe,
        name="Winter wonders",
        name_fr="",
        name_de="Winter",
        default_image_prompt="{concept} in snow",
    )
    universe.refresh_from_db()
    assert universe.name == "Winter wonders"
    assert universe.prompts.default_image_prompt == "{concept} in snow"
    assert dict(universe.translations.values_list("language", "name")) == {"en": "Winter", "de": "Winter"}
    assert universe.translations.get(language="en").pk == kept.pk


def test_an_address_that_a_page_showed_is_stored_as_the_file_that_it_leads_to(save, universe):
    folder = "/storage/buckets/univers/winter"
    save(universe, thumbnail_url=f"{folder}/thumbnail.jpg?t=1a:b", background_music=f"{folder}/fr.mp3?t=1a:b")
    universe.refresh_from_db()
    assert (universe.thumbnail_url or "", universe.background_music) == ("", f"{folder}/fr.mp3")


def test_the_slug_can_not_be_changed(save, universe):
    save(universe, slug="summer")
    universe.refresh_from_db()
    assert universe.slug == "winter"


def test_what_supabase_left_empty_does_not_hinder_saving(save, universe, make_asset):
    card = make_asset()
    Universe.objects.update(is_public=None, background_color=None)
    Asset.objects.update(sort_order=None, display_name=None)
    save(universe, name="Saved")
    universe.refresh_from_db()
    card.refresh_from_db()
    assert (universe.name, universe.is_public, universe.background_color) == ("Saved", None, None)
    assert (card.display_name, card.sort_order) == (None, None)


def test_a_deleted_universe_leaves_a_revision_and_no_folder(
    admin_client, universe, asset, put_file, django_capture_on_commit_callbacks
):
    put_file("winter", asset.image_name)
    url = reverse("admin:universes_universe_delete", args=[universe.pk])
    assert "1 card" in admin_client.get(url).content.decode()
    assert Universe.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(url, {"post": "yes"})
    assert not Universe.objects.exists()
    assert not bucket.names("winter")
    revision = Revision.objects.get()
    assert (revision.cause, revision.author, list(revision.files)) == ("delete", "admin", [asset.image_name])


def test_universes_deleted_from_the_list_leave_revisions(
    admin_client, make_universe, django_capture_on_commit_callbacks
):
    ids = [make_universe(name).pk for name in ("One", "Two")]
    data = {"action": "delete_selected", "_selected_action": ids}
    admin_client.post(LIST, data)
    assert Universe.objects.count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(LIST, {**data, "post": "yes"})
    assert not Universe.objects.exists()
    assert sorted(Revision.objects.values_list("univers_slug", flat=True)) == ["one", "two"]


# --- Cards -------------------------------------------------------------------------------------------------


def test_a_cards_former_page_leads_to_it_in_the_studio(admin_client, universe, make_asset):
    made = [make_asset(f"Card {number}") for number in range(cards.PER_PAGE + 1)]
    studio = reverse("admin:studio_cards", args=[universe.pk])
    for asset, number in ((made[0], 1), (made[-1], 2)):
        answer = admin_client.get(page_of(asset))
        assert (answer.status_code, answer.url) == (302, f"{studio}?page={number}#card-{asset.pk}")
        assert f'id="card-{asset.pk}"' in admin_client.get(answer.url).content.decode()
    assert admin_client.get(reverse("admin:universes_asset_add")).url == LIST
    assert admin_client.get(page_of(made[0]).replace(str(made[0].pk), str(uuid.uuid4()))).status_code == 404


def test_a_cards_former_form_saves_nothing_and_says_so(admin_client, asset):
    before = edits.words(asset)
    sent = {"display_name": "Flake", "name_es": "", "custom_image_prompt": "", "sort_order": ""}
    answer = admin_client.post(page_of(asset), sent, follow=True)
    assert (
        "Nothing was saved" in answer.content.decode() and f'id="card-{asset.pk}"' in answer.content.decode()
    )
    asset.refresh_from_db()
    assert edits.words(asset) == before
    assert admin_client.post(reverse("admin:universes_asset_add"), sent).status_code == 302
    assert Asset.objects.count() == 1


def test_a_card_deleted_on_its_own_page_leaves_a_revision(
    admin_client, asset, put_file, django_capture_on_commit_callbacks
):
    put_file("winter", asset.image_name)
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(reverse("admin:universes_asset_delete", args=[asset.pk]), {"post": "yes"})
    assert not Asset.objects.exists()
    assert not bucket.names("winter")
    assert Revision.objects.get().author == "admin"


# --- Revisions ---------------------------------------------------------------------------------------------


def test_revisions_can_only_be_read(admin_client, asset):
    assets.delete(asset, "lea")
    revision = Revision.objects.get()
    page = admin_client.get(page_of(revision)).content.decode()
    assert "00_snowflake.png" in page
    assert 'name="_save"' not in page
    assert admin_client.post(page_of(revision), {"author": "me"}).status_code == 403
    assert (
        admin_client.post(reverse("admin:universes_revision_delete", args=[revision.pk])).status_code == 403
    )
    assert admin_client.get(reverse("admin:universes_revision_add")).status_code == 403
