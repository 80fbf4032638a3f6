"""A universe in a child's hands: a real browser, a phone's screen, fingers, a song that sounds."""

import io
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from sandbox import moving

from .conftest import PATIENCE

pytestmark = pytest.mark.slow
PHONE, ON_ITS_SIDE, DESK = (390, 844), (844, 390), (1280, 800)
NAMES = [("Snow", "Schnee"), ("Ice", "Eis"), ("Sledge", "Schlitten")]


@pytest.fixture
def winter(stack):
    """A universe of three cards with clip, of which the last has neither, and songs in French and English."""
    stack.api.post(
        "/api/universes", json={"name": "Winter", "slug": "winter", "translations": {"de": "Winterzeit"}}
    )
    for english, german in NAMES:
        body = {"display_name": english, "translations": {"de": german}}
        stack.api.post("/api/universes/winter/assets", json=body).raise_for_status()
    folder = stack.folder / "var" / "buckets" / "univers" / "winter"
    folder.mkdir(parents=True)
    for name in ("00_snow", "01_ice"):
        (folder / f"{name}.png").write_bytes(picture())
        moving.animate(picture(), folder / f"{name}.mp4")
    for language in ("fr", "en"):
        moving.sing("la la la", "mp3", folder / f"{language}.mp3")
    return f"http://127.0.0.1:{stack.port}/preview/winter"


def picture():
    Image.new("RGB", (96, 96), "#3366aa").save(target := io.BytesIO(), "PNG")
    return target.getvalue()


@pytest.fixture
def visit(chromium, winter):
    """Opens the preview on a screen of that size; nothing may go wrong in the page."""
    contexts, problems = [], []

    def open_page(size, **options):
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, locale="en-GB", **options
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(winter)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def part(page, name):
    return page.locator(f'[data-part="{name}"]')


def sounds(page):
    page.wait_for_function(
        "() => { const a = document.querySelector('audio'); return !a.paused && a.currentTime > 0 }"
    )


def silent(page):
    page.wait_for_function("() => document.querySelector('audio').paused")


def name_is(page, name):
    expect(part(page, "name")).to_have_text(name)


def swipe(page, by):
    box = part(page, "picture").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by / 2, y)
    page.mouse.move(x + by, y)
    page.mouse.up()


FITS = """() => {
    const page = document.documentElement;
    return page.scrollWidth <= innerWidth && page.scrollHeight <= innerHeight;
}"""


def fits(page):
    return page.evaluate(FITS)


def test_a_child_starts_swipes_and_hears_the_song(visit):
    page = visit(PHONE, has_touch=True)
    part(page, "begin").tap()
    name_is(page, "Snow")
    sounds(page)
    swipe(page, -150)
    name_is(page, "Ice")
    expect(part(page, "video")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    name_is(page, "Sledge")
    expect(part(page, "tile")).to_have_text("Sledge")
    expect(part(page, "image")).to_be_hidden()
    part(page, "next").tap()
    name_is(page, "Snow")
    swipe(page, 150)
    name_is(page, "Sledge")
    part(page, "song").tap()
    silent(page)
    expect(part(page, "song-words")).to_have_text("Play the song")


def test_a_tap_plays_the_clip_and_another_stops_it(visit):
    page = visit(PHONE, has_touch=True)
    part(page, "begin").tap()
    part(page, "picture").tap()
    page.wait_for_function("() => document.querySelector('video').currentTime > 0")
    expect(part(page, "picture")).to_have_attribute("aria-label", "Stop the clip: Snow")
    part(page, "picture").tap()
    expect(part(page, "video")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(part(page, "video")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(part(page, "video")).to_be_hidden()


def test_another_language_changes_names_song_and_address(visit):
    page = visit(DESK)
    part(page, "begin").click()
    sounds(page)
    page.click("[data-language=fr]")
    page.wait_for_function("() => document.querySelector('audio').src.endsWith('/fr.mp3')")
    sounds(page)
    page.click("[data-language=de]")
    name_is(page, "Schnee")
    silent(page)
    expect(part(page, "song")).to_be_hidden()
    expect(page).to_have_title("Winterzeit – MagikSwipe")
    page.reload()
    expect(page).to_have_url(re.compile(r"\?lang=de$"))
    expect(page.locator("h1:visible")).to_have_text("Winterzeit")


@pytest.mark.parametrize("size", [PHONE, ON_ITS_SIDE, DESK])
def test_it_fits_on_every_screen_and_axe_has_nothing_to_say(visit, size):
    page = visit(size, reduced_motion="reduce")
    assert fits(page) and not Axe().run(page).response["violations"]
    part(page, "begin").click()
    for english, _german in NAMES:
        name_is(page, english)
        assert fits(page) and not Axe().run(page).response["violations"]
        page.keyboard.press("ArrowRight")
