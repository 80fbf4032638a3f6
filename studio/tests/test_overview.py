"""The list of universes: what each has and lacks, the questions that its filters answer, bulk actions."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from jobs.models import Job
from universes.models import LANGUAGES, Universe
from universes.services import assets, music, universes

pytestmark = pytest.mark.django_db

LIST = reverse("admin:universes_universe_changelist")
ALL_NAMES = dict.fromkeys(LANGUAGES, "name")


@pytest.fixture
def found(admin_client):
    """The names of the universes that the list shows: `found(pictures="none")`."""

    def found(**query):
        return sorted(universe.name for universe in admin_client.get(LIST, query).context["cl"].result_list)

    return found


@pytest.fixture
def synced(make_universe):
    """Makes universes that were synced a minute ago, before which nothing changed."""

    def make(name):
        universe = make_universe(name)
        assets.create(universe, display_name="One")
        before = timezone.now() - timedelta(hours=1)
        universe.assets.update(created_at=before, updated_at=before)
        universe.edits.update(created_at=before)
        later = before + timedelta(minutes=59)
        Universe.objects.filter(pk=universe.pk).update(updated_at=before, last_synced_at=later)
        return universe

    return make


def test_a_row_leads_to_the_universes_cards(admin_client, universe):
    text = admin_client.get(LIST).content.decode()
    assert f'href="{reverse("admin:studio_cards", args=[universe.pk])}' in text


def test_names_are_counted_of_five_for_each_card(admin_client, make_asset):
    make_asset("One", translations=ALL_NAMES)
    make_asset("Two", translations={"fr": "deux", "de": " "})
    assert '<span class="ms-count">6 / 10</span>' in admin_client.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("wanted", "names"),
    [("none", ["Empty"]), ("some", ["Half"]), ("all", ["Whole"]), ("nonsense", ["Empty", "Half", "Whole"])],
)
def test_universes_are_filtered_by_their_pictures(make_universe, put_file, found, wanted, names):
    for name in ("Empty", "Half", "Whole"):
        universe = make_universe(name)
        assets.create(universe, display_name="One")
        assets.create(universe, display_name="Two")
    put_file("half", "00_one.png")
    put_file("whole", "00_one.png")
    put_file("whole", "01_two.png")
    assert found(pictures=wanted) == names


def test_universes_are_filtered_by_names_that_a_language_lacks(make_universe, found):
    for name, names in (
        ("Whole", ALL_NAMES),
        ("No German", ALL_NAMES | {"de": ""}),
        ("French", {"fr": "un"}),
    ):
        assets.create(make_universe(name), display_name="One", translations=names)
    make_universe("No cards")
    assert found(names="de") == ["French", "No German"]
    assert found(names="en") == ["French"]
    assert found(names="fr") == []
    assert found(names="any") == ["French", "No German"]


def test_universes_are_filtered_by_their_songs(make_universe, put_file, found):
    for name in ("Silent", "One song", "Five songs"):
        make_universe(name)
    put_file("one-song", "fr.mp3")
    for language in LANGUAGES:
        put_file("five-songs", f"{language}.mp3")
    assert (found(songs="none"), found(songs="some"), found(songs="all")) == (
        ["Silent"],
        ["One song"],
        ["Five songs"],
    )


def test_universes_are_filtered_by_who_sees_them(make_universe, found):
    make_universe("Open")
    make_universe("Closed", is_public=False)
    assert found(is_public__exact="0") == ["Closed"]


def rename_universe(universe):
    universes.update(universe, name=universe.name, background_color="#000000")


def rename_card(universe):
    assets.update(universe.assets.get(), translations={"fr": "Un"})


def add_song(universe):
    music.create(universe, language="fr", prompt="gentle", lyrics="la la")


def add_card(universe):
    assets.create(universe, display_name="Two")


def delete_card(universe):
    assets.delete(universe.assets.get())


@pytest.mark.parametrize("change", [rename_universe, rename_card, add_song, add_card, delete_card])
def test_what_somebody_changes_after_a_sync_is_a_change(synced, found, change):
    synced("Same")
    change(synced("Other"))
    assert (found(sync="changed"), found(sync="synced")) == (["Other"], ["Same"])


def test_a_new_file_is_a_change_and_what_was_never_synced_is_not_published(
    synced, make_universe, put_file, found
):
    synced("Same"), synced("Drawn"), make_universe("New")
    put_file("drawn", "00_one.png")
    assert (found(sync="changed"), found(sync="synced"), found(sync="never")) == (
        ["Drawn"],
        ["Same"],
        ["New"],
    )


def test_two_hundred_universes_take_few_statements(
    admin_client, make_universe, django_assert_max_num_queries
):
    for number in range(200):
        assets.create(make_universe(f"Universe {number}"), display_name="Card", translations=ALL_NAMES)
    for query in ({}, {"names": "de"}, {"sync": "changed"}, {"pictures": "none"}, {"q": "universe 1"}):
        with django_assert_max_num_queries(30):
            assert admin_client.get(LIST, query).status_code == 200


def test_gaps_of_several_universes_are_told_with_number_and_cost_before_they_are_filled(
    admin_client, make_universe, provider, settings
):
    settings.MODEL_PRICES = {settings.REPLICATE_LLM_MODEL: 1, settings.REPLICATE_VIDEO_MODEL: 1}
    both = [make_universe(name) for name in ("One", "Two")]
    for universe in both:
        assets.create(universe, display_name="Fox", translations={"fr": "renard"})
    picked = {"action": "bulk_gaps", "_selected_action": [universe.pk for universe in both]}
    page = admin_client.post(LIST, picked).url
    text = admin_client.get(page).content.decode()
    assert text.count("names: 4, pictures: 1, clips: 1") == 2 and "about 2.04" in text
    assert not Job.objects.exists()
    for _ in range(2):
        admin_client.post(page, {"theme": "", "once": "a" * 32})
    assert sorted(Job.objects.values_list("type", "univers_slug")) == [
        ("fill_gaps", "one"),
        ("fill_gaps", "two"),
    ]
