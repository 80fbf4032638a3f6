"""What was made for the mouse is done by keyboard, too."""

import pytest
from playwright.sync_api import expect

from tests.browser.looking import settle

pytestmark = pytest.mark.slow
CARDS = 62


@pytest.fixture
def universe(editor):
    """The address of a universe in the admin, with more cards than a page of them has."""
    made = editor.stack.api.post("/api/universes", json={"name": "Winter"}).json()
    for number in range(1, CARDS + 1):
        editor.stack.api.post("/api/universes/winter/assets", json={"display_name": f"Card {number}"})
    return f"{editor.base}/admin/universes/universe/{made['id']}"


def order(editor):
    return [card["display_name"] for card in editor.stack.api.get("/api/universes/winter/assets").json()]


def test_a_card_goes_to_another_page(editor, universe):
    page = editor.page
    page.goto(f"{universe}/cards/")
    page.locator(".st-card").first.locator("[hx-get$='/move/']").focus()
    page.keyboard.press("Enter")
    field = page.locator("#st-dialog[open] [name=place]")
    expect(field).to_be_focused()
    field.fill("61")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cards/?page=2")
    page.locator("#st-dialog").wait_for(state="hidden")
    shown = page.locator(".st-card")
    for place, name in enumerate(("Card 1", "Card 62")):
        expect(shown.nth(place)).to_have_attribute("aria-label", name)
    expect(shown.first.locator("[hx-get$='/move/']")).to_be_focused()
    assert order(editor)[60:] == ["Card 1", "Card 62"] and order(editor)[0] == "Card 2"
    page.reload()
    expect(page.locator(".st-card")).to_have_count(2)


def test_a_songs_gap_is_filled_from_the_gap_board(editor, universe):
    page = editor.page
    page.goto(f"{universe}/names/")
    page.locator("#lyrics-fr").focus()
    page.keyboard.press("Enter")
    page.locator("#st-dialog[open] [name=theme]").wait_for()
    page.keyboard.press("Enter")
    page.locator("#st-dialog").wait_for(state="hidden")
    page.locator("#song-fr").wait_for()
    settle(page)
    page.locator("#song-fr").press("Enter")
    page.locator("#st-dialog[open] [type=submit]").press("Enter")
    page.locator("#language-fr .nb-there.nb-clip").wait_for()
    assert editor.stack.api.get("/api/universes/winter").json()["music_prompts"][0]["music_url"]
    assert len(editor.stack.api.get("/api/jobs").json()) == 2
