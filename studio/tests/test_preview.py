"""The page on which a universe is seen as a child sees it."""

import json
import re
from contextlib import closing

import pytest
from django.contrib.staticfiles import finders

from universes.services import assets, universes

pytestmark = pytest.mark.django_db
URL = "/preview/winter"


@pytest.fixture
def closed(settings):
    settings.API_OPEN = False


def data_of(response):
    """What the page gives its script."""
    script = re.search(
        r'<script id="preview-data" type="application/json">(.*?)</script>', response.content.decode()
    )
    return json.loads(script[1])


def test_the_page_has_all_cards_with_names_and_files(client, full_universe):
    response = client.get(URL, {"lang": "fr"})
    assert response.status_code == 200
    data = data_of(response)
    first, second = data["cards"]
    media = "/storage/buckets/univers/winter"
    assert first["names"]["fr"] == "Flocon" and first["names"]["it"] == "Snowflake"
    assert (first["image"], first["video"]) == (f"{media}/00_snowflake.png", f"{media}/00_snowflake.mp4")
    assert (second["names"]["fr"], second["image"], second["video"]) == ("Sledge", None, None)
    assert data["languages"]["fr"] == {"name": "Hiver", "song": f"{media}/fr.mp3"}
    assert data["languages"]["de"] == {"name": "Winter", "song": None}
    assert (data["language"], data["colour"]) == ("fr", "#1a1a2e")


def test_cards_come_in_their_order(client, universe, make_asset):
    for name, order in (("C", 3), ("A", 1), ("B", 2)):
        make_asset(name, sort_order=order)
    assert [card["names"]["en"] for card in data_of(client.get(URL))["cards"]] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("asked", "accepts", "language"),
    [("de", "fr", "de"), ("", "fr", "fr"), ("", "en", "en"), ("tlh", "fr", "fr"), ("../x", "en", "en")],
)
def test_the_language_is_the_one_that_is_asked_for_else_the_readers(
    client, full_universe, asked, accepts, language
):
    response = client.get(URL, {"lang": asked}, headers={"Accept-Language": accepts})
    assert data_of(response)["language"] == language
    assert f'<html lang="{accepts}">' in response.content.decode()
    pressed = re.findall(r'data-language="(..)"[^>]*aria-pressed="true"', response.content.decode())
    assert pressed == [language]


def test_a_colour_that_is_none_becomes_the_usual_one(client, full_universe):
    universes.update(full_universe, background_color="red;background:url(//evil)")
    assert data_of(client.get(URL))["colour"] == "#1a1a2e"
    universes.update(full_universe, background_color="#FFF")
    assert data_of(client.get(URL))["colour"] == "#FFF"


def test_names_cannot_break_out_of_the_page(client, universe, make_asset):
    name = "</script><script>alert(1)</script>"
    universes.update(universe, translations={"en": name})
    make_asset(name)
    page = client.get(URL, {"lang": "en"})
    assert b"<script>alert" not in page.content and data_of(page)["cards"][0]["names"]["en"] == name


def test_a_universe_without_cards_says_so(client, universe):
    page = client.get(URL).content.decode()
    assert "the cards are still being made" in page and "data-part" not in page


def test_no_script_and_no_style_is_within_the_page_and_none_comes_from_elsewhere(client, full_universe):
    page = client.get(URL).content.decode()
    assert re.findall(r"<script(?![^>]*(src=|application/json))", page) == []
    assert "<style" not in page and "style=" not in page and not re.search(r"\son\w+=", page)
    assert not re.findall(r'(?:src|href)="(?!/)', page)
    for path in re.findall(r'(?:src|href)="/static/([^"]+)"', page):
        assert finders.find(path), path


def test_a_private_universe_is_for_readers_alone(client, full_universe, closed, staff, newcomer):
    universes.update(full_universe, is_public=False)
    secret = client.get(URL)
    assert secret.status_code == 404
    assert "There is no such universe, or it is private." in secret.content.decode()
    client.force_login(newcomer)
    assert client.get(URL).status_code == 404
    client.force_login(staff("reader", "Viewer"))
    assert client.get(URL).status_code == 200


def test_a_private_universe_looks_like_none(client, full_universe, closed):
    universes.update(full_universe, is_public=None)
    private, missing = client.get(URL), client.get("/preview/wintex")
    assert private.status_code == missing.status_code == 404
    assert private.content.decode() == missing.content.decode().replace("wintex", "winter")


def test_a_login_of_ones_own_choice_is_told_to_nobody_who_has_no_session(
    client, full_universe, closed, newcomer, settings
):
    universes.update(full_universe, is_public=False)
    assert 'href="/admin/login/' in client.get(URL).content.decode()
    settings.ADMIN_PATH = "studio-7f3k"
    stranger = client.get(URL).content.decode()
    assert "/login/" not in stranger and '<a href="/">' in stranger
    client.force_login(newcomer)
    assert "/login/" in client.get(URL).content.decode()


def test_a_public_universe_is_open_to_all_and_so_are_its_media(client, full_universe, closed):
    data = data_of(client.get(URL))
    with closing(client.get(data["cards"][0]["image"])) as picture:
        assert picture.status_code == 200


def test_where_the_api_is_open_so_is_every_preview(client, full_universe):
    universes.update(full_universe, is_public=False)
    assert client.get(URL).status_code == 200


def test_nothing_is_done_to_it_by_any_other_method(client, full_universe):
    assert client.post(URL).status_code == 405
    assert client.head(URL).status_code == 200


def test_many_cards_take_few_statements(client, universe, make_asset, django_assert_max_num_queries):
    for number in range(12):
        assets.create(universe, display_name=f"Card {number}", translations={"fr": f"Carte {number}"})
    with django_assert_max_num_queries(5):
        client.get(URL)
