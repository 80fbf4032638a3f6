"""The tab Cards: words saved one by one, order, files, what is paid for."""

import os

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from generation.tests.helpers import run_out
from jobs.models import Job
from studio.tests.forms import address
from universes.services import assets, edits

pytestmark = pytest.mark.django_db


@pytest.fixture
def cards(universe):
    return [
        assets.create(universe, display_name=name, translations={"fr": name, "de": f"{name} de"})
        for name in ("Fox", "Moon", "Star")
    ]


def picture(put_file, card):
    put_file(card.universe.slug, card.image_name)


def save(client, card, **fields):
    return client.post(address("save_card", card.universe_id, card.pk), fields)


def test_the_page_shows_every_card_with_its_names(lea, universe, cards):
    page = lea.get(address("cards", universe.pk)).content.decode()
    for card in cards:
        assert f'id="card-{card.pk}"' in page
        assert f'value="{card.display_name} de"' in page


def test_a_page_of_sixty_cards_asks_little(lea, universe, django_assert_max_num_queries):
    for number in range(70):
        assets.create(universe, display_name=f"Card {number}", translations={"fr": f"Carte {number}"})
    lea.get(address("cards", universe.pk))
    with django_assert_max_num_queries(30):
        page = lea.get(address("cards", universe.pk)).content.decode()
    assert page.count('class="st-card"') == 60
    assert lea.get(address("cards", universe.pk), {"page": 2}).content.decode().count('class="st-card"') == 10


def test_a_field_is_saved_by_itself(lea, cards):
    card = cards[0]
    answer = save(lea, card, name_de="  Füchslein ", seen_name_de="Fox de")
    told = answer.json()
    assert (told["words"], told["conflicts"]) == ({"name_de": "Füchslein"}, [])
    words = edits.words(card)
    assert (words["name_de"], words["name_fr"], words["display_name"]) == ("Füchslein", "Fox", "Fox")


def test_who_comes_second_is_told_what_the_first_made_of_it(lea, cards):
    card = cards[0]
    save(lea, card, name_de="Rotfuchs", seen_name_de="Fox de")
    (conflict,) = save(lea, card, name_de="Reineke", seen_name_de="Fox de").json()["conflicts"]
    assert (conflict["field"], conflict["theirs"]) == ("name_de", "Rotfuchs")
    assert "lea" in conflict["message"]
    assert edits.words(card)["name_de"] == "Rotfuchs"


def test_a_card_keeps_its_name(lea, cards):
    answer = save(lea, cards[0], display_name=" ", seen_display_name="Fox")
    assert answer.status_code == 422
    assert answer.json()["errors"]["display_name"]
    assert edits.words(cards[0])["display_name"] == "Fox"


def test_cards_are_added_and_arranged(lea, universe, cards):
    answer = lea.post(address("add_card", universe.pk), {"display_name": "Sun"})
    assert "Sun" in answer.content.decode()
    wanted = [cards[2].pk, cards[0].pk, "nonsense", cards[1].pk]
    assert lea.post(address("arrange", universe.pk), {"id": wanted}).status_code == 204
    assert [str(card) for card in universe.assets.all()] == ["Star", "Fox", "Moon", "Sun"]


def test_a_get_deletes_nothing_and_a_post_does(lea, universe, cards, put_file):
    picture(put_file, cards[0])
    where = address("delete_card", universe.pk, cards[0].pk)
    assert "picture" in lea.get(where).content.decode()
    assert universe.assets.count() == 3
    answer = lea.post(where)
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == (f"#card-{cards[0].pk}", "delete")
    assert universe.assets.count() == 2


@pytest.mark.parametrize("what", ["card", "delete_card", "draw", "animate", "upload", "variants"])
def test_a_card_that_is_gone_is_a_404(lea, universe, what):
    assert lea.get(address(what, universe.pk, "00000000-0000-0000-0000-000000000000")).status_code == 404


def test_a_get_tells_the_price_and_buys_nothing(lea, universe, cards, provider):
    page = lea.get(address("draw", universe.pk, cards[0].pk)).content.decode()
    assert "USD" in page
    assert not Job.objects.exists()


def test_a_form_that_is_sent_twice_is_one_job(lea, universe, cards, provider):
    where = address("draw", universe.pk, cards[0].pk)
    first = lea.post(where, {"once": "a-form-of-this-page"})
    assert first["X-Started"]
    run_out(Job.objects.get().pk)
    lea.post(where, {"once": "a-form-of-this-page"})
    assert Job.objects.count() == 1
    assert provider.counters()["predictions"] == {"recraft-ai/recraft-v3": 1}


def test_without_a_picture_there_is_no_clip(lea, universe, cards, provider):
    answer = lea.post(address("animate", universe.pk, cards[0].pk))
    assert answer.status_code == 409
    assert "generate images first" in answer.content.decode()


def test_who_may_only_look_finds_no_buttons(client, staff, universe, cards):
    client.force_login(staff("bob", "Viewer"))
    page = client.get(address("cards", universe.pk)).content.decode()
    assert "<form data-save" not in page
    assert 'class="st-small"' not in page
    for what in ("save_card", "delete_card", "draw", "animate", "upload"):
        assert client.post(address(what, universe.pk, cards[0].pk)).status_code == 403


def test_the_page_hears_what_changed(lea, universe, cards, put_file):
    key = f"card:{cards[0].pk}"
    first = lea.get(address("live", universe.pk), {"key": key})
    again = lea.get(address("live", universe.pk), {"key": key}, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    picture(put_file, cards[0])
    later = lea.get(address("live", universe.pk), {"key": key}, headers={"If-None-Match": first["ETag"]})
    assert later.json()["signatures"][key] != first.json()["signatures"][key]
    assert lea.get(address("live", universe.pk), {"key": "card:gone"}).json()["signatures"] == {
        "card:gone": None
    }


@pytest.mark.parametrize("name", [" ", "Fox\0", "x" * 501])
def test_a_card_with_a_name_that_can_not_be_is_refused(lea, universe, name):
    answer = lea.post(address("add_card", universe.pk), {"display_name": name})
    assert answer.status_code == 422 and answer.content.decode()
    assert not universe.assets.exists()


class Contended:
    """While this holds, a file is another one each time that somebody looks whether it still is the same."""

    def __init__(self, put_file, slug, name):
        self.change = lambda: put_file(slug, name, os.urandom(8))
        self.inside = False

    def __call__(self, execute, sql, params, many, context):
        if "univers_assets" in sql and not self.inside:
            self.inside = True
            self.change()
            self.inside = False
        return execute(sql, params, many, context)


def test_a_file_that_does_not_hold_still_is_told(lea, universe, cards, put_file, png_bytes):
    card = cards[0]
    picture(put_file, card)
    file = SimpleUploadedFile("fox.png", png_bytes, "image/png")
    with connection.execute_wrapper(Contended(put_file, universe.slug, card.image_name)):
        answer = lea.post(address("upload", universe.pk, card.pk), {"kind": "picture", "file": file})
    assert answer.status_code == 409 and "changes all the time" in answer.content.decode()
