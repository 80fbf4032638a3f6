"""What a dialog told is what is bought: one that is older than what it is about asks again."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from generation.tests.helpers import run_out
from jobs.models import Job
from studio.tests.forms import address
from universes.services import assets, music

pytestmark = pytest.mark.django_db


@pytest.fixture
def fox(universe):
    return assets.create(universe, display_name="Fox", translations={"fr": "Renard"})


@pytest.fixture
def french(universe):
    return music.create(universe, language="fr", prompt="A calm song with bells", lyrics="[verse]\nLa neige")


@pytest.fixture(autouse=True)
def prices(settings):
    settings.MODEL_PRICES = {settings.REPLICATE_LLM_MODEL: Decimal("0.01")}


def hidden(answer):
    """The hidden fields of the dialog."""
    found = re.findall(r'type="hidden" name="(once|seen)" value="([^"]*)"', answer.content.decode())
    return dict(found)


def asks_again(answer):
    return answer.status_code == 409 and "It has changed since you looked" in answer.content.decode()


def bought_in_one_tab_and_confirmed_in_another(client, where, **fields):
    """What the second tab is told, after the job of the first ended."""
    here, there = hidden(client.get(where)), hidden(client.get(where))
    client.post(where, {**here, **fields})
    run_out(Job.objects.get().pk)
    assert client.post(where, {**here, **fields}).status_code == 200
    answer = client.post(where, {**there, **fields})
    assert Job.objects.count() == 1
    return answer


@pytest.mark.parametrize("what", ["draw", "animate"])
def test_two_tabs_buy_one_file(lea, universe, fox, provider, put_file, png_bytes, what):
    put_file(universe.slug, fox.image_name, png_bytes)
    where = address(what, universe.pk, fox.pk)
    answer = bought_in_one_tab_and_confirmed_in_another(lea, where)
    assert asks_again(answer)
    assert lea.post(where, hidden(answer)).status_code == 200
    assert Job.objects.count() == 2


def test_two_tabs_buy_one_song(lea, universe, french, provider):
    where = address("sing", universe.pk, "fr")
    assert asks_again(bought_in_one_tab_and_confirmed_in_another(lea, where))


def test_two_tabs_translate_lyrics_once(lea, universe, french, provider):
    music.create(universe, language="de", prompt=None, lyrics="Mein Lied")
    where = address("translate", universe.pk, "de")
    assert asks_again(bought_in_one_tab_and_confirmed_in_another(lea, where, source="fr", replace="1"))


def test_all_gaps_are_filled_as_they_were_told(lea, universe, fox, provider):
    where, chosen = address("fill_all", universe.pk), {"kind": ["names", "pictures"]}
    here = lea.get(where, {"chosen": "1", **chosen})
    assets.create(universe, display_name="Moon", translations={"fr": "Lune"})
    answer = lea.post(where, {**chosen, **hidden(here)})
    assert asks_again(answer) and "2 pictures" in answer.content.decode()
    assert not Job.objects.exists()
    for _ in range(2):
        assert lea.post(where, {**chosen, **hidden(answer)}).status_code == 200
        run_out(Job.objects.get().pk)
    assert provider.counters()["predictions"]["recraft-ai/recraft-v3"] == 2


def test_another_theme_alone_is_no_reason_to_ask_again(lea, universe, provider):
    where, kinds = address("fill_all", universe.pk), {"kind": ["lyrics"]}
    here = lea.get(where, {"chosen": "1", "theme": "snow", **kinds})
    assert lea.post(where, {**kinds, **hidden(here), "theme": "ice and snow"}).status_code == 200


def test_several_universes_are_filled_as_it_was_told(lea, universe, fox, make_universe, provider):
    other = make_universe(name="Summer", slug="summer")
    where = (
        f"{reverse('admin:universes_universe_operation', args=['pictures'])}?id={universe.pk}&id={other.pk}"
    )
    here = lea.get(where)
    assets.create(other, display_name="Sun")
    answer = lea.post(where, hidden(here))
    assert "It has changed since you looked" in answer.content.decode()
    assert not Job.objects.exists()
    for _ in range(2):
        assert lea.post(where, hidden(answer)).status_code == 302
        assert Job.objects.count() == 2
        for job in Job.objects.all():
            run_out(job.pk)


def signature(client, universe, key):
    return client.get(address("live", universe.pk), {"key": key}).json()["signatures"][key]


@pytest.mark.parametrize("where", ["card", "name", "song", "new song"])
def test_a_save_tells_the_signature_of_what_the_page_shows_now(lea, universe, fox, french, where):
    key, url, field = {
        "card": (f"card:{fox.pk}", address("save_card", universe.pk, fox.pk), "name_de"),
        "name": (f"card:{fox.pk}", address("save_name", universe.pk, fox.pk, "de"), "name_de"),
        "song": ("song:fr", address("save_song", universe.pk, "fr"), "prompt"),
        "new song": ("song:de", address("save_song", universe.pk, "de"), "prompt"),
    }[where]
    before = signature(lea, universe, key)
    seen = {"seen_prompt": french.prompt} if where == "song" else {}
    told = lea.post(url, {field: "new words", **seen, "signature": before}).json()
    assert told["signature"] == signature(lea, universe, key) != before
    # A page that has yet to fetch another's change does so.
    late = lea.post(url, {field: "more words", f"seen_{field}": "new words", "signature": before}).json()
    assert "signature" not in late and late["words"] == {field: "more words"}


def test_a_saved_card_tells_what_the_models_are_asked_now(lea, universe, fox):
    fields = {"custom_image_prompt": "A blue one", "custom_video_prompt": "It waves"}
    told = lea.post(address("save_card", universe.pk, fox.pk), fields).json()
    assert "A blue one" in told["resolved"]["image"] and "It waves" in told["resolved"]["video"]
