"""The tab Names: gaps that are seen, saved name by name, and filled for a price that was told."""

from decimal import Decimal

import pytest

from generation.tests.helpers import run_out
from jobs.models import Job
from studio.tests.forms import address
from universes.models import LANGUAGES
from universes.names import video_name
from universes.services import assets, edits, music

pytestmark = pytest.mark.django_db


@pytest.fixture
def fox(universe):
    return assets.create(universe, display_name="Fox", translations={"fr": "Renard", "en": "Fox"})


@pytest.fixture
def whole(universe, put_file):
    """A card that lacks nothing."""
    card = assets.create(universe, display_name="Moon", translations=dict.fromkeys(LANGUAGES, "Luna"))
    put_file(universe.slug, card.image_name)
    put_file(universe.slug, video_name(card.image_name))
    return card


@pytest.fixture(autouse=True)
def prices(settings):
    settings.MODEL_PRICES = {settings.REPLICATE_LLM_MODEL: Decimal("0.01")}


def board(client, universe, **query):
    return client.get(address("names", universe.pk), query).content.decode()


def test_what_is_missing_is_counted_and_shown(lea, universe, fox, whole):
    page = board(lea, universe)
    assert "3 names, 1 picture, 1 clip, lyrics in 5 languages, 5 songs" in page
    assert "Picture of Fox is missing" in page and "Picture of Moon is missing" not in page
    assert 'value="Renard"' in page and "Fox in German: ask the model" in page


def test_cards_that_lack_nothing_can_be_left_out(lea, universe, fox, whole):
    page = board(lea, universe, only="gaps")
    assert f"row-{fox.pk}" in page and f"row-{whole.pk}" not in page


def test_a_page_of_sixty_cards_asks_little(lea, universe, django_assert_max_num_queries):
    for number in range(70):
        assets.create(universe, display_name=f"Card {number}", translations={"fr": f"Carte {number}"})
    board(lea, universe)
    with django_assert_max_num_queries(30):
        page = board(lea, universe)
    assert page.count('id="row-') == 60
    assert board(lea, universe, page=2, only="gaps").count('id="row-') == 10


def test_a_name_is_saved_by_itself(lea, universe, fox):
    where = address("save_name", universe.pk, fox.pk, "de")
    answer = lea.post(where, {"name_de": " Fuchs ", "seen_name_de": ""})
    told = answer.json()
    assert (told["words"], told["conflicts"]) == ({"name_de": "Fuchs"}, [])
    assert edits.words(fox)["name_de"] == "Fuchs"
    (conflict,) = lea.post(where, {"name_de": "Füchslein", "seen_name_de": ""}).json()["conflicts"]
    assert conflict["theirs"] == "Fuchs" and "lea" in conflict["message"]
    assert lea.post(address("save_name", universe.pk, fox.pk, "xx"), {"name_xx": "a"}).status_code == 404


@pytest.mark.parametrize("what", ["picture", "de"])
def test_one_gap_is_filled_once_for_a_price_that_was_told(lea, universe, fox, provider, what):
    where = address("fill", universe.pk, fox.pk, what)
    assert "USD" in lea.get(where).content.decode()
    assert not Job.objects.exists()
    answer = lea.post(where, {"once": "this form"})
    assert (answer["HX-Retarget"], answer["X-Started"]) == (f"#row-{fox.pk}", "1")
    assert "nb-spinner" in answer.content.decode()
    lea.post(where, {"once": "this form"})
    run_out(Job.objects.get().pk)
    lea.post(where, {"once": "this form"})
    assert Job.objects.count() == 1
    assert sum(provider.counters()["predictions"].values()) == 1
    row = lea.get(address("row", universe.pk, fox.pk)).content.decode()
    assert "is missing: have it drawn" not in row if what == "picture" else "Fox in German: ask" not in row


def test_a_clip_waits_for_its_picture(lea, universe, fox, provider):
    assert "picture first" in board(lea, universe)
    answer = lea.post(address("fill", universe.pk, fox.pk, "clip"))
    assert answer.status_code == 409 and "generate images first" in answer.content.decode()
    assert lea.get(address("fill", universe.pk, fox.pk, "smell")).status_code == 404


def test_all_gaps_are_told_by_kind_and_only_those_that_are_ticked_are_bought(lea, universe, fox, provider):
    where = address("fill_all", universe.pk)
    asked = lea.get(where).content.decode()
    assert asked.count('name="kind"') == 5 and asked.count(" checked") == 5
    without = lea.get(where, {"chosen": "1", "kind": ["names", "clips"]}).content.decode()
    assert without.count(" checked") == 2 and "about 0.01 USD." in without
    assert "about 0.05 USD, without what has no price in MODEL_PRICES: Clips." in asked
    assert "their cards need a picture first" in without
    answer = lea.post(where, {"kind": ["names", "pictures"], "once": "this form"})
    assert answer["HX-Retarget"] == "#gaps"
    lea.post(where, {"kind": ["names", "pictures"], "once": "this form"})
    job = run_out(Job.objects.get().pk)
    assert (job.type, job.status, job.author) == ("fill_gaps", "completed", "lea")
    assert sum(provider.counters()["predictions"].values()) == 2
    assert "1 clip" in lea.get(address("gaps", universe.pk)).content.decode()


def test_songs_that_nobody_wrote_need_a_theme(lea, universe, provider):
    where = address("fill_all", universe.pk)
    asked = lea.get(where).content.decode()
    assert 'name="theme"' in asked and "Nothing of this can be made now" in asked
    told = lea.get(where, {"chosen": "1", "kind": ["lyrics", "songs"], "theme": "snow"}).content.decode()
    assert "USD" in told and "Nothing of this" not in told
    assert lea.post(where, {"theme": "snow"}).status_code == 409
    assert not Job.objects.exists()


def test_what_is_at_work_is_seen_and_heard_of(lea, universe, fox, provider):
    key = f"card:{fox.pk}"
    before = lea.get(address("live", universe.pk), {"key": [key, "gaps"]}).json()["signatures"]
    lea.post(address("fill", universe.pk, fox.pk, "de"))
    during = lea.get(address("live", universe.pk), {"key": [key, "gaps"]}).json()["signatures"]
    assert during[key] != before[key] and during["gaps"] == before["gaps"]
    assert "being translated" in lea.get(address("row", universe.pk, fox.pk)).content.decode()
    run_out(Job.objects.get().pk)
    after = lea.get(address("live", universe.pk), {"key": [key, "gaps"]}).json()["signatures"]
    assert after[key] != during[key] and after["gaps"] != before["gaps"]


def test_languages_show_what_their_songs_have(lea, universe, put_file):
    music.create(universe, language="fr", prompt="calm", lyrics="la la la la la")
    put_file(universe.slug, "fr.mp3")
    page = board(lea, universe)
    assert "The song in French" in page and "The lyrics in French are missing" not in page
    assert "The lyrics in German are missing" in page
    row = lea.get(address("language", universe.pk, "de")).content.decode()
    assert "lyrics first" in row
    assert lea.get(address("language", universe.pk, "xx")).status_code == 404


def test_who_may_only_look_finds_no_buttons(client, staff, universe, fox):
    client.force_login(staff("bob", "Viewer"))
    assert "Renard" in board(client, universe)
    for part in (address("row", universe.pk, fox.pk), address("gaps", universe.pk)):
        shown = client.get(part).content.decode()
        assert "missing" in shown.lower()
        assert "<form" not in shown and "<button" not in shown
    assert client.post(address("fill", universe.pk, fox.pk, "de")).status_code == 403
    assert client.post(address("fill_all", universe.pk)).status_code == 403
    assert client.post(address("save_name", universe.pk, fox.pk, "de")).status_code == 403


def test_a_failure_is_told_in_its_row(lea, universe, fox, provider):
    provider.settings(failure_rate=1)
    lea.post(address("fill", universe.pk, fox.pk, "picture"))
    run_out(Job.objects.get().pk)
    assert "nb-failed" in lea.get(address("row", universe.pk, fox.pk)).content.decode()


def test_names_that_failed_are_told_until_there_are_some(lea, universe, fox, provider):
    provider.settings(failure_rate=1)
    lea.post(address("fill", universe.pk, fox.pk, "de"))
    run_out(Job.objects.get().pk)
    row, card = address("row", universe.pk, fox.pk), address("card", universe.pk, fox.pk)
    assert "nb-failed" in lea.get(row).content.decode()
    assert "st-failed" in lea.get(card).content.decode()
    lea.post(address("save_name", universe.pk, fox.pk, "de"), {"name_de": "Fuchs", "seen_name_de": ""})
    assert "nb-failed" not in lea.get(row).content.decode()
    assert "st-failed" not in lea.get(card).content.decode()


def test_lyrics_that_failed_are_told_at_each_language(lea, universe, fox, provider):
    provider.settings(failure_rate=1)
    lea.post(address("fill_all", universe.pk), {"kind": ["lyrics"], "theme": "snow"})
    run_out(Job.objects.get().pk)
    for language in LANGUAGES:
        assert "nb-failed" in lea.get(address("language", universe.pk, language)).content.decode()
        assert "st-failed" in lea.get(address("song", universe.pk, language)).content.decode()
