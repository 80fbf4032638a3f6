"""What was made for the mouse is done by keyboard, too."""

import pytest

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
    field.wait_for()
    assert field.evaluate("field => field === document.activeElement")
    field.fill("61")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cards/?page=2")
    page.locator("#st-dialog").wait_for(state="hidden")
    shown = page.locator(".st-card")
    assert [shown.nth(n).get_attribute("aria-label") for n in range(2)] == ["Card 1", "Card 62"]
    shown.first.locator("[hx-get$='/move/']:focus").wait_for()
    assert order(editor)[60:] == ["Card 1", "Card 62"] and order(editor)[0] == "Card 2"
    page.reload()
    assert page.locator(".st-card").count() == 2


def test_a_songs_gap_is_filled_from_the_gap_board(editor, universe):
    page = editor.page
    page.goto(f"{universe}/names/")
    page.locator("#lyrics-fr").focus()
    page.keyboard.press("Enter")
    page.locator("#st-dialog[open] [name=theme]").wait_for()
    page.keyboard.press("Enter")
    page.locator("#st-dialog").wait_for(state="hidden")
    page.locator("#song-fr").wait_for()
    page.locator("#song-fr").press("Enter")
    page.locator("#st-dialog[open] [type=submit]").press("Enter")
    page.locator("#language-fr .nb-there.nb-clip").wait_for()
    assert editor.stack.api.get("/api/universes/winter").json()["music_prompts"][0]["music_url"]
    assert len(editor.stack.api.get("/api/jobs").json()) == 2
