"""A browser's storage may be full or forbidden: pages show, and what is typed is saved."""

import pytest
from playwright.sync_api import expect

from .conftest import PASSWORD

pytestmark = pytest.mark.slow

FILL = """() => {
    for (let size = 2 ** 20; size >= 1; size >>= 1) {
        try {
            for (let number = 0; ; number++) localStorage.setItem(`other${size}-${number}`, "x".repeat(size));
        } catch { continue; }
    }
}"""
STATES = {
    "full": f"({FILL})()",
    "none": "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, {value: null})",
    "forbidden": """for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, {
        configurable: true, get() { throw new DOMException("Access is denied.", "SecurityError"); } })""",
    "private": """Storage.prototype.setItem = () => { throw new DOMException("No room.", "QuotaExceededError"); }""",
    "foreign": """Storage.prototype.getItem = (key) =>
        key.startsWith("typed") || key.startsWith("studio") ? "{ no JSON" : null""",
    "of another shape": """Storage.prototype.getItem = (key) => key.startsWith("typed") || key.startsWith("studio")
        ? "null" : null""",
}


@pytest.fixture
def winter(editor):
    """A universe with a card, and the address of its tabs."""
    made = editor.stack.api.post("/api/universes", json={"name": "Winter"}).json()
    editor.stack.api.post("/api/universes/winter/assets", json={"display_name": "Fox"})
    return f"{editor.base}/admin/universes/universe/{made['id']}"


def saves_a_name(editor, page, name):
    field = page.locator(".st-card [name=display_name]")
    expect(field).to_be_visible()
    field.fill(name)
    field.press("Tab")
    page.locator(".st-card [data-state=saved]").wait_for()
    (card,) = editor.stack.api.get("/api/universes/winter/assets").json()
    assert card["display_name"] == name


@pytest.mark.parametrize("state", STATES)
def test_pages_show_and_save_whatever_becomes_of_the_storage(editor, winter, state):
    page = editor.page
    page.add_init_script(STATES[state])
    page.goto(f"{winter}/cards/")
    saves_a_name(editor, page, "Vixen")
    page.goto(f"{winter}/change/")
    page.fill("[name=name]", "Deep winter")
    page.click("[name=_save]")
    expect(page.locator("[name=name]")).to_have_value("Deep winter")
    assert editor.stack.api.get("/api/universes/winter").json()["name"] == "Deep winter"
    for path in ("names/", "music/", "ideas/", "activity/"):
        page.goto(f"{winter}/{path}")
        expect(page.locator("main, #content, #page").first).to_be_visible()


def test_what_fills_up_amid_the_typing_loses_nothing(editor, winter):
    page = editor.page
    page.goto(f"{winter}/cards/")
    page.evaluate(FILL)
    saves_a_name(editor, page, "Vixen")
    page.reload()
    saves_a_name(editor, page, "Reynard")


def test_a_draft_that_has_no_more_room_leaves_no_older_one(editor, winter):
    """An older draft would come back at the next visit, and be saved over what was written since."""
    page = editor.page
    page.goto(f"{winter}/cards/")
    editor.context.set_offline(True)
    field = page.locator(".st-card [name=display_name]")
    field.fill("Old")
    page.locator(".st-card [data-state=unsaved]").wait_for()
    page.evaluate(FILL)
    field.fill("New and much longer than what was there before, by far")
    page.locator(".st-main").press("Tab")
    editor.context.set_offline(False)
    page.locator(".st-card [data-state=saved]").wait_for()
    (card,) = editor.stack.api.get("/api/universes/winter/assets").json()
    assert card["display_name"].startswith("New and much longer")
    assert not page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('studio-draft:'))")


def test_one_logs_in_without_storage(editor):
    page = editor.context.browser.new_context().new_page()
    page.on("pageerror", lambda error: editor.problems.append(str(error)))
    page.add_init_script(STATES["none"])
    page.goto(f"{editor.base}/admin/login/")
    page.fill("[name=username]", "lea")
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url(f"{editor.base}/admin/")
    for path in ("/", "/docs", "/preview/winter"):
        page.goto(f"{editor.base}{path}")
    page.context.close()
