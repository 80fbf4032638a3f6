"""What is typed is never lost and nothing is bought twice, whatever the editor or the network does."""

import pytest
from playwright.sync_api import expect

from .conftest import PASSWORD

pytestmark = pytest.mark.slow


@pytest.fixture
def cards(editor):
    """A universe with three cards, and the editor on its page of cards."""
    made = editor.stack.api.post("/api/universes", json={"name": "Winter"}).json()
    for name in ("Fox", "Moon", "Star"):
        body = {"display_name": name, "translations": {"fr": name}}
        editor.stack.api.post("/api/universes/winter/assets", json=body)
    editor.page.goto(f"{editor.base}/admin/universes/universe/{made['id']}/cards/")
    return editor.page


def stored(editor, place=0):
    """A card as the API has it."""
    card = editor.stack.api.get("/api/universes/winter/assets").json()[place]
    return editor.stack.api.get(f"/api/universes/winter/assets/{card['id']}").json()


def names(editor, place=0):
    return {row["language"]: row["display_name"] for row in stored(editor, place)["translations"]}


def name_field(page, language, place=0):
    return page.locator(".st-card").nth(place).locator(f"[name=name_{language}]")


def says(page, state, place=0):
    page.locator(".st-card").nth(place).locator(f"[data-state={state}]").wait_for()


def test_a_name_is_saved_when_one_leaves_the_field(editor, cards):
    name_field(cards, "de").fill("Fuchs")
    name_field(cards, "it").fill("Volpe")
    name_field(cards, "it").press("Tab")
    says(cards, "saved")
    assert names(editor) == {"fr": "Fox", "de": "Fuchs", "it": "Volpe"}


def test_the_network_is_away_for_a_while(editor, cards):
    editor.context.set_offline(True)
    name_field(cards, "de").fill("Fuchs")
    name_field(cards, "de").press("Tab")
    says(cards, "unsaved")
    cards.locator("#st-offline").wait_for(state="visible")
    editor.context.set_offline(False)
    says(cards, "saved")
    cards.locator("#st-offline").wait_for(state="hidden")
    assert names(editor)["de"] == "Fuchs"


def test_a_reload_amid_typing_keeps_the_text(editor, cards):
    name_field(cards, "de").fill("Fuchs")
    cards.reload()
    says(cards, "saved")
    expect(name_field(cards, "de")).to_have_value("Fuchs")
    assert names(editor)["de"] == "Fuchs"


def test_two_tabs_and_both_texts_are_there(editor, cards):
    other = editor.context.new_page()
    other.goto(cards.url)
    name_field(cards, "de").fill("Fuchs")
    name_field(cards, "de").press("Tab")
    says(cards, "saved")
    name_field(other, "de").fill("Reineke")
    name_field(other, "de").press("Tab")
    note = other.locator("[data-note=name_de]").first
    expect(note).to_contain_text("Fuchs")
    expect(note).to_contain_text("lea")
    expect(name_field(other, "de")).to_have_value("Reineke")
    note.locator("button").first.click()
    says(other, "saved")
    assert names(editor)["de"] == "Reineke"


def test_cards_are_moved_by_dragging_and_by_buttons(editor, cards):
    def order():
        return [card["display_name"] for card in editor.stack.api.get("/api/universes/winter/assets").json()]

    with cards.expect_response(lambda answer: "arrange" in answer.url):
        cards.locator(".st-handle").nth(2).drag_to(cards.locator(".st-handle").nth(0))
    editor.stack.until(lambda: order() == ["Star", "Fox", "Moon"])
    with cards.expect_response(lambda answer: "arrange" in answer.url):
        cards.locator("[data-move='1']").nth(0).click()
    editor.stack.until(lambda: order() == ["Fox", "Star", "Moon"])


def test_a_double_click_and_the_way_back_buy_once(editor, cards):
    cards.locator(".st-card").first.locator("[hx-get$='/draw/']").click()
    cards.locator("#st-dialog [type=submit]").dblclick()
    cards.locator(".st-card").first.locator("img").wait_for()
    cards.reload()
    cards.go_back()
    cards.go_forward()
    assert len(editor.stack.api.get("/api/jobs").json()) == 1
    assert sum(editor.sandbox.counters()["predictions"].values()) == 1


def test_opening_a_page_changes_nothing(editor, cards):
    card, words = stored(editor), "\nA fox.\nSitting."
    body = {"custom_image_prompt": words}
    editor.stack.api.patch(f"/api/universes/winter/assets/{card['id']}", json=body).raise_for_status()
    # Only a sync brings such a name.
    change = f"Asset.objects.filter(pk={card['id']!r}).update(display_name='Two\\nlines')"
    editor.stack.manage("shell", "-v", "0", "-c", f"from universes.models import Asset; {change}")
    sent = []
    cards.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    cards.reload()
    cards.wait_for_load_state("networkidle")
    expect(cards.locator("[name=custom_image_prompt]").first).to_have_value(words)
    assert (sent, stored(editor)["display_name"]) == ([], "Two\nlines")
    name_field(cards, "de").fill("Fuchs")
    name_field(cards, "de").press("Tab")
    says(cards, "saved")
    assert (len(sent), stored(editor)["display_name"]) == (1, "Two\nlines")


def comes_back(page, field, text):
    """Type, reload, see it again; discard it, and it is as it was."""
    before = page.locator(field).input_value()
    page.locator(field).fill(text)
    page.reload()
    page.locator("[data-keep]").wait_for(state="visible")
    expect(page.locator(field)).to_have_value(text)
    page.locator("[data-discard]").click()
    page.locator("[data-keep]").wait_for(state="hidden")
    expect(page.locator(field)).to_have_value(before)


def test_what_was_typed_into_a_form_is_back_after_a_reload(editor, cards):
    cards.on("dialog", lambda dialog: dialog.accept())
    comes_back(cards, "#new-card", "Owl")
    cards.fill("#new-card", "Owl")
    cards.locator(".st-add button").first.click()
    cards.locator(".st-card").nth(3).wait_for()
    cards.reload()
    cards.wait_for_load_state("networkidle")
    expect(cards.locator("#new-card")).to_have_value("")

    cards.goto(cards.url.replace("/cards/", "/ideas/"))
    comes_back(cards, "[name=theme]", "Snow")

    cards.goto(cards.url.replace("/ideas/", "/change/"))
    comes_back(cards, "[name=name]", "Deep winter")
    cards.fill("[name=name]", "")
    cards.click("[name=_save]")
    cards.locator(".errorlist, .errornote").first.wait_for(state="attached")
    cards.fill("[name=name]", "Midwinter")
    cards.click("[name=_save]")
    cards.wait_for_function("!Object.keys(localStorage).some((key) => key.startsWith('typed:'))")
    assert editor.stack.api.get("/api/universes/winter").json()["name"] == "Midwinter"


def test_a_dialog_says_that_the_network_or_the_session_is_gone(editor, cards):
    button = cards.locator(".st-card").first.locator("[hx-get$='/draw/']")
    button.click()
    editor.context.set_offline(True)
    cards.locator("#st-dialog [type=submit]").click()
    cards.locator("#st-dialog [role=alert]").wait_for(state="visible")
    editor.context.set_offline(False)
    editor.context.clear_cookies(name="sessionid")
    name_field(cards, "de").evaluate(
        "field => { field.value = 'Fuchs'; field.dispatchEvent(new Event('input', {bubbles: true})) }"
    )
    cards.locator("#st-dialog [type=submit]").click()
    link = cards.locator("#st-dialog [role=alert] a")
    link.wait_for(state="visible")
    expect(cards.locator("#st-dialog [type=password]")).to_have_count(0)
    link.click()
    cards.fill("[name=username]", "lea")
    cards.fill("[name=password]", PASSWORD)
    cards.click("[type=submit]")
    cards.wait_for_url("**/cards/")
    says(cards, "saved")
    assert names(editor)["de"] == "Fuchs"


def test_a_card_that_somebody_else_adds_appears(editor, cards):
    facts = cards.locator("#st-facts").text_content()
    editor.stack.api.post("/api/universes/winter/assets", json={"display_name": "Owl"})
    cards.locator(".st-card").nth(3).wait_for()
    expect(cards.locator("#st-facts")).not_to_have_text(facts)
    expect(name_field(cards, "fr", 3)).to_have_count(1)
