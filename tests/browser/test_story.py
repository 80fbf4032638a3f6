"""An editor's day, in a browser before the whole product: from the login to a published universe."""

import io

import pytest
from PIL import Image

from tests.browser.conftest import LANGUAGE
from tests.browser.looking import check, settle

pytestmark = pytest.mark.slow

CARDS = 8
SLUG = "la-ferme"


def test_an_editors_day(editor, tmp_path):
    day = Day(editor, tmp_path)
    for step in (
        day.comes_home,
        day.makes_a_universe,
        day.gets_ideas,
        day.adds_them_as_cards,
        day.generates_all,
        day.drags_a_card,
        day.renames_in_three_languages,
        day.uploads_a_picture,
        day.goes_back_to_an_earlier_one,
        day.adds_a_card_and_fills_its_gaps,
        day.translates_lyrics_and_hears_a_song,
        day.looks_at_the_plan_and_publishes,
        day.restores_a_revision,
        day.looks_at_what_happened,
        day.duplicates,
        day.sees_it_as_a_child_does,
        day.looks_at_the_list,
    ):
        step()


class Day:
    def __init__(self, editor, folder):
        self.editor, self.page, self.stack, self.folder = editor, editor.page, editor.stack, folder
        self.id = None

    # --- Going about

    def go(self, path):
        self.page.goto(f"{self.editor.base}{path}")

    def open(self, tab):
        self.go(f"/admin/universes/universe/{self.id}/{tab}/")

    def looks(self, name):
        """What is on the screen is in their language, and everybody can use it; a picture for the handbook."""
        check(self.page, LANGUAGE)
        self.editor.shows(name)

    def api(self, path=""):
        return self.stack.api.get(f"/api/universes/{SLUG}{path}").json()

    def until(self, condition):
        return self.stack.until(condition)

    def card(self, place):
        return self.page.locator(".st-card").nth(place)

    def confirm(self):
        """Click what the dialog is about, until the server has answered."""
        with self.page.expect_response(lambda answer: answer.request.method == "POST"):
            self.page.locator("#st-dialog[open] [type=submit]").click()

    def no_work_is_left(self):
        return all(job["completed_at"] for job in self.stack.api.get("/api/jobs").json())

    # --- The day

    def comes_home(self):
        self.looks("01-home")

    def makes_a_universe(self):
        self.go("/admin/universes/universe/add/")
        self.page.fill("[name=name]", "La ferme")
        self.looks("02-new-universe")
        self.page.locator("[name=_save], [name=_continue]").first.click()
        self.page.wait_for_url("**/cards/")
        self.id = self.page.url.split("/")[-3]
        self.looks("03-empty-universe")

    def gets_ideas(self):
        self.page.click("a[href$='/ideas/']")
        self.page.fill("[name=theme]", "les animaux de la ferme")
        self.page.fill("[name=count]", str(CARDS))
        self.looks("04-ask-for-ideas")
        self.page.locator("form[data-once] .st-primary").click()
        self.page.locator(".id-row").nth(CARDS - 1).wait_for()
        self.page.locator(".id-row").first.locator("[name$=_de]").fill("Milchkuh")
        self.looks("05-ideas")

    def adds_them_as_cards(self):
        self.page.click("button[name=mode][value=add]")
        self.page.wait_for_url("**/cards/")
        self.page.locator(".st-card").nth(CARDS - 1).wait_for()
        assert len(self.api()["assets"]) == CARDS
        self.looks("06-cards-without-pictures")

    def generates_all(self):
        self.open("names")
        self.page.locator("[hx-get$='/fill/']").first.click()
        self.page.locator("#st-dialog[open] [name=kind]").first.wait_for()
        if self.page.locator("#fill-theme").count():
            self.page.fill("#fill-theme", "les animaux de la ferme")
            with self.page.expect_response(lambda answer: "/fill/" in answer.url):
                self.page.locator("#fill-theme").press("Tab")
        self.looks("07-fill-all-gaps")
        # Long enough to be seen.
        self.editor.sandbox.settings(latency={"image": 5})
        self.confirm()
        self.open("cards")
        self.page.locator(".st-work").first.wait_for()
        self.editor.shows("08-being-drawn")
        # They appear by themselves.
        self.page.locator(f".st-card:nth-child({CARDS}) .st-play").wait_for(timeout=90_000)
        self.until(self.no_work_is_left)
        assert all(card["image_url"] and card["video_url"] for card in self.api()["assets"])
        self.page.reload()
        self.looks("09-cards")

    def drags_a_card(self):
        before = [card["display_name"] for card in self.api()["assets"]]
        with self.page.expect_response(lambda answer: "arrange" in answer.url):
            self.page.locator(".st-handle").nth(1).drag_to(self.page.locator(".st-handle").nth(0))
        after = [card["display_name"] for card in self.api()["assets"]]
        assert after == [before[1], before[0], *before[2:]]

    def renames_in_three_languages(self):
        for language, name in (("fr", "Renard"), ("en", "Fox"), ("de", "Fuchs")):
            self.card(0).locator(f"[name=name_{language}]").fill(name)
        self.card(0).locator("[name=name_de]").press("Tab")
        self.card(0).locator("[data-state=saved]").wait_for()
        card = self.api(f"/assets/{self.api()['assets'][0]['id']}")
        names = {row["language"]: row["display_name"] for row in card["translations"]}
        assert (names["fr"], names["en"], names["de"]) == ("Renard", "Fox", "Fuchs")

    def uploads_a_picture(self):
        before = self.content_of_first_picture()
        own = self.folder / "own.jpg"
        Image.new("RGB", (600, 600), "#e07a5f").save(own)
        self.card(0).locator("[hx-get$='/upload/']").click()
        self.page.set_input_files("#st-dialog [name=file]", own)
        self.looks("10-upload")
        self.confirm()
        self.page.locator("#st-dialog").wait_for(state="hidden")
        assert self.content_of_first_picture() != before
        with Image.open(io.BytesIO(self.content_of_first_picture())) as picture:
            assert picture.format == "PNG"
        self.first = before

    def content_of_first_picture(self):
        return self.stack.api.get(self.api()["assets"][0]["image_url"]).content

    def goes_back_to_an_earlier_one(self):
        settle(self.page)
        self.card(0).locator("[hx-get$='/variants/']").click()
        self.page.locator("#st-dialog[open] .st-strip img").nth(1).wait_for()
        self.looks("11-variants")
        self.page.locator("#st-dialog [hx-post$='/choose/'] button").first.click()
        self.page.locator("#st-dialog").wait_for(state="hidden")
        assert self.content_of_first_picture() == self.first

    def adds_a_card_and_fills_its_gaps(self):
        self.page.fill("#new-card", "lapin")
        self.page.click(".st-add button")
        self.card(CARDS).wait_for()
        self.open("names")
        self.looks("12-gap-board")
        bought = self.predictions()
        self.page.locator("[hx-get$='/fill/']").first.click()
        self.page.locator("#st-dialog[open] [name=kind]").first.wait_for()
        self.editor.sandbox.settings(latency={"image": 0.5})
        self.confirm()
        self.until(self.no_work_is_left)
        last = self.api(f"/assets/{self.api()['assets'][CARDS]['id']}")
        assert {row["language"] for row in last["translations"]} == {"fr", "en", "es", "it", "de"}
        assert last["image_url"] and last["video_url"]
        # One call for its names, its picture, its clip: only what was missing.
        assert self.predictions() - bought == 3

    def predictions(self):
        return sum(self.editor.sandbox.counters()["predictions"].values())

    def translates_lyrics_and_hears_a_song(self):
        self.open("music")
        self.looks("13-songs")
        self.page.locator("#lyrics-fr").fill("[verse]\nLa vache dit bonjour\nLe coq chante tôt")
        self.page.locator("#lyrics-fr").press("Tab")
        self.page.locator("#song-fr [data-state=saved]").wait_for()
        self.page.locator("#song-de [hx-get$='/translate/']").click()
        self.page.locator("#st-dialog[open] form").wait_for()
        self.looks("14-translate")
        self.confirm()
        self.page.locator("#st-dialog").wait_for(state="hidden")
        self.until(self.no_work_is_left)
        assert self.lyrics("de").count("\n") == self.lyrics("fr").count("\n")
        heard = self.page.locator("#song-fr audio").evaluate(
            "async audio => { await audio.play(); await new Promise(done => { audio.ontimeupdate = done; });"
            " const at = audio.currentTime; audio.pause(); return at; }"
        )
        assert heard > 0

    def looks_at_the_plan_and_publishes(self):
        self.open("publish")
        self.page.locator("a[href*='/sync/push/']").wait_for()
        self.looks("15-publish")
        self.page.click("a[href*='/sync/push/']")
        self.looks("16-plan")
        self.page.locator("form[data-once] [type=submit]").click()
        self.page.wait_for_url("**/jobs/job/**")
        self.until(self.no_work_is_left)
        self.page.reload()
        self.looks("17-published")
        self.open("publish")
        self.page.locator("a[href*='/sync/pull/']").wait_for()
        assert self.stack.api.post(f"/api/sync/push/{SLUG}").json()["synced_items"] == 0

    def restores_a_revision(self):
        """Back to the German lyrics that there were before the translation."""
        now = self.lyrics("de")
        self.page.locator("a[href$='/restore/']").first.click()
        self.looks("18-restore")
        self.page.locator("form[data-once] [type=submit]").click()
        self.page.wait_for_url("**/jobs/job/**")
        self.until(self.no_work_is_left)
        assert self.lyrics("de") not in (now, None)

    def lyrics(self, language):
        return {row["language"]: row["lyrics"] for row in self.api()["music_prompts"]}[language]

    def looks_at_what_happened(self):
        self.open("activity")
        self.looks("19-activity")

    def duplicates(self):
        self.go(f"/admin/universes/universe/duplicate/{self.id}/")
        self.looks("20-duplicate")
        self.page.locator("form[data-once] [type=submit]").click()
        self.until(lambda: self.stack.api.get("/api/universes").json()["total"] == 2)

    def sees_it_as_a_child_does(self):
        self.page.set_viewport_size({"width": 390, "height": 844})
        self.go(f"/preview/{SLUG}?lang=fr")
        self.page.click("[data-part=begin]")
        self.page.locator("[data-part=image]").wait_for()
        self.looks("21-preview")
        first = self.page.locator("[data-part=name]").text_content()
        self.page.click("[data-part=next]")
        self.until(lambda: self.page.locator("[data-part=name]").text_content() != first)
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def looks_at_the_list(self):
        self.go("/admin/universes/universe/")
        self.looks("22-universes")
        self.go("/admin/")
        self.looks("23-home-again")


TABS = ("cards", "names", "music", "activity", "publish", "ideas", "change")


def test_the_studio_fits_a_phone(editor):
    editor.stack.manage("demo")
    editor.page.set_viewport_size({"width": 390, "height": 844})
    for tab in TABS:
        editor.page.goto(f"{editor.base}/admin/universes/universe/1/{tab}/")
        editor.page.wait_for_load_state("networkidle")
        wide = editor.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, tab
        check(editor.page, LANGUAGE)
