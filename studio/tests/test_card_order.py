"""A card is moved to any place, also on another page of cards."""

import pytest
from django.urls import reverse

from universes.models import Asset

pytestmark = pytest.mark.django_db


@pytest.fixture
def cards(universe):
    rows = [
        Asset(universe=universe, sort_order=n, display_name=f"Card {n}", image_name=f"{n:02}_card.png")
        for n in range(1, 71)
    ]
    return Asset.objects.bulk_create(rows)


@pytest.fixture
def ed(client, staff):
    client.force_login(staff("ed", "Editor"))
    return client


def address(card):
    return reverse("admin:studio_move", args=[card.universe_id, card.pk])


def names(universe):
    return list(universe.assets.values_list("display_name", flat=True))


def test_the_dialog_tells_where_it_is_and_a_get_moves_nothing(ed, universe, cards):
    before = names(universe)
    page = ed.get(reverse("admin:studio_cards", args=[universe.pk])).content.decode()
    assert f'hx-get="{address(cards[2])}"' in page
    asked = ed.get(address(cards[2])).content.decode()
    assert "It is at place 3 of 70." in asked and 'name="place" min="1" max="70"' in asked
    assert names(universe) == before


def test_it_goes_to_another_page_which_is_shown(ed, universe, cards):
    answer = ed.post(address(cards[2]), {"place": "65"})
    left = [f"Card {n}" for n in range(1, 71) if n != 3]
    assert names(universe) == [*left[:64], "Card 3", *left[64:]]
    assert (answer["HX-Retarget"], answer["HX-Reselect"]) == ("#st-list", "#st-list")
    assert answer["HX-Push-Url"].endswith("/cards/?page=2")
    shown = answer.content.decode()
    assert f'id="card-{cards[2].pk}"' in shown and f'id="card-{cards[0].pk}"' not in shown


@pytest.mark.parametrize(("place", "index"), [("1", 0), ("70", 69), ("5000", 69)])
def test_a_place_beyond_the_last_is_the_last(ed, universe, cards, place, index):
    ed.post(address(cards[29]), {"place": place})
    assert names(universe)[index] == "Card 30" and len(names(universe)) == 70


@pytest.mark.parametrize("place", ["", "0", "-1", "two", "9" * 30])
def test_what_is_no_place_is_refused(ed, universe, cards, place):
    before = names(universe)
    answer = ed.post(address(cards[2]), {"place": place})
    assert answer.status_code == 409 and "Give the number of a place" in answer.content.decode()
    assert names(universe) == before


def test_who_may_only_look_moves_nothing(client, staff, universe, cards):
    client.force_login(staff("bob", "Viewer"))
    assert client.post(address(cards[2]), {"place": "1"}).status_code == 403
    where = address(cards[2])
    cards[2].delete()
    client.force_login(staff("ed", "Editor"))
    assert client.post(where, {"place": "1"}).status_code == 404
