"""Names as people type and paste them: nothing in them that nobody sees, nothing lost that somebody does."""

import threading

import pytest
from django.db import connection
from django.urls import reverse
from django.utils.html import escape

from studio.tests.forms import address, sent_back
from universes.models import Asset, AssetTranslation, Universe, UniverseTranslation
from universes.names import cut
from universes.services import edits, universes

pytestmark = pytest.mark.django_db

FAMILY = "👨‍👩‍👧"
PERSIAN = "می‌خواهم"
ENGLAND = "🏴󠁧󠁢󠁥󠁮󠁧󠁿"
TYPED = {
    "a bell": ("Ren\x07ard", "Renard"),
    "an escape of the upper half": ("Ren\x9bard", "Renard"),
    "a zero-width space": ("\u200bRen\u200bard\u200b", "Renard"),
    "a byte order mark": ("\ufeffRenard", "Renard"),
    "a word joiner": ("Ren\u2060ard", "Renard"),
    "directions": ("\u202eRen\u2066ard\u200e\u2069\u061c", "Renard"),
    "lines": ("Étoile\r\nde\u2028mer\t2", "Étoile de mer 2"),
    "joiners at the ends": ("\u200d Renard\u200c ", "Renard"),
    "a joiner before nothing": ("Renard \u200d roux", "Renard  roux"),
    "a variation of nothing": ("\ufe0fRenard", "Renard"),
    "a family": (FAMILY, FAMILY),
    "a heart": ("❤️", "❤️"),
    "a Persian word": (PERSIAN, PERSIAN),
    "a flag of tags": (ENGLAND, ENGLAND),
    "what only looks empty": ("e\u0301", "e\u0301"),
}
EMPTY = ["\u200b", " \u2060\ufeff ", "\u200e\u200f", "\u200d", "\x07\x9b", "\ufe0f", "\t\r\n\u200b"]


@pytest.mark.parametrize(("typed", "kept"), TYPED.values(), ids=TYPED)
def test_the_api_takes_names_without_what_nobody_sees(api, universe, typed, kept):
    made = api.post("/api/universes", {"name": typed, "slug": "made", "translations": {"fr": typed}}).json()
    assert (made["name"], made["translations"][0]["name"]) == (kept, kept)
    assert api.patch("/api/universes/winter", {"name": typed}).json()["name"] == kept
    body = {"display_name": typed, "translations": {"de": typed}}
    card = api.post("/api/universes/winter/assets", body).json()
    assert (card["display_name"], card["translations"][0]["display_name"]) == (kept, kept)
    path = f"/api/universes/winter/assets/{card['id']}"
    assert api.patch(path, {"display_name": typed}).json()["display_name"] == kept
    copy = api.post("/api/universes/winter/duplicate", {"name": typed, "slug": "copy"}).json()
    assert copy["name"] == kept
    applied = {"concepts": [typed], "translations": {"fr": [typed]}}
    assert api.post("/api/generate/winter/concepts/apply", applied).status_code == 200
    assert list(universe.assets.values_list("display_name", "translations__display_name")) == [(kept, kept)]


@pytest.mark.parametrize("name", EMPTY)
def test_a_name_of_which_nothing_is_left_is_refused_like_a_blank_one(api, admin_client, asset, name):
    assert api.post("/api/universes", {"name": name}).status_code == 422
    assert api.patch("/api/universes/winter", {"name": name}).status_code == 422
    assert api.post("/api/universes/winter/assets", {"display_name": name}).status_code == 422
    applied = {"concepts": [name], "translations": {}}
    assert api.post("/api/generate/winter/concepts/apply", applied).status_code == 422
    assert api.patch("/api/universes/winter", {"translations": {"fr": name}}).json()["translations"] == []
    page = reverse("admin:universes_universe_add")
    assert admin_client.post(page, {"name": name}).context["adminform"].form.errors["name"]
    add = address("add_card", asset.universe_id)
    assert admin_client.post(add, {"display_name": name}).status_code == 422
    assert (Universe.objects.count(), Asset.objects.count()) == (1, 1)


def test_the_admin_takes_names_without_what_nobody_sees(admin_client, universe, asset):
    dirty, clean = "\u200fÉtoile\u200b de\x07 mer\ufeff", "Étoile de mer"
    admin_client.post(reverse("admin:universes_universe_add"), {"name": dirty, "name_fr": dirty})
    made = Universe.objects.get(slug="etoile-de-mer")
    assert (made.name, made.translations.get().name) == (clean, clean)
    page = reverse("admin:universes_universe_change", args=[universe.pk])
    admin_client.post(page, sent_back(admin_client.get(page), name=dirty, name_de=dirty))
    universe.refresh_from_db()
    assert (universe.name, universe.translations.get(language="de").name) == (clean, clean)
    words = {"display_name": dirty, "seen_display_name": "Snowflake", "name_fr": dirty}
    admin_client.post(address("save_card", universe.pk, asset.pk), words)
    asset.refresh_from_db()
    assert (asset.display_name, asset.translations.get().display_name) == (clean, clean)
    copy = reverse("admin:universes_universe_duplicate", args=[universe.pk])
    admin_client.post(copy, {"name": dirty, "slug": "copied"})
    assert Universe.objects.get(slug="copied").name == clean


def test_what_a_sync_brought_stays_as_it_is_until_somebody_types(admin_client, universe, asset):
    brought = "\u200eÉtoile\u200b"
    Universe.objects.filter(pk=universe.pk).update(name=brought)
    AssetTranslation.objects.create(asset=asset, language="fr", display_name=brought)
    page = reverse("admin:universes_universe_change", args=[universe.pk])
    admin_client.post(page, sent_back(admin_client.get(page), default_image_prompt="a prompt"))
    admin_client.post(address("save_card", universe.pk, asset.pk), {"display_name": "Star"})
    universe.refresh_from_db()
    assert (universe.name, universe.prompts.default_image_prompt) == (brought, "a prompt")
    assert asset.translations.get().display_name == brought


def test_prompts_and_lyrics_keep_their_lines(api, universe):
    lyrics = "la\n\tla\u200b"
    body = {"language": "fr", "prompt": "soft\nslow", "lyrics": lyrics}
    song = api.post("/api/universes/winter/music-prompts", body).json()
    assert (song["prompt"], song["lyrics"]) == ("soft\nslow", lyrics)


# --- Slugs of names without letters


def test_each_universe_without_letters_gets_a_slug_of_its_own(api, admin_client):
    names = ("🐙", "🦄", "!!!", "❤️")
    slugs = [api.post("/api/universes", {"name": name}).json()["slug"] for name in names]
    assert slugs == ["universe", "universe-2", "universe-3", "universe-4"]
    admin_client.post(reverse("admin:universes_universe_add"), {"name": "🐳"})
    assert Universe.objects.get(name="🐳").slug == "universe-5"
    assert api.delete("/api/universes/universe-2").status_code == 204
    assert api.post("/api/universes", {"name": "…"}).json()["slug"] == "universe-2"


def test_a_slug_that_is_taken_is_still_refused(api):
    assert api.post("/api/universes", {"name": "🐙"}).status_code == 201
    for body in ({"name": "🦄", "slug": "universe"}, {"name": "Universe"}):
        answer = api.post("/api/universes", body)
        assert (answer.status_code, "already exists" in answer.json()["detail"]) == (400, True)


@pytest.mark.django_db(transaction=True)
def test_two_without_letters_at_once_are_both_made():
    gate, slugs = threading.Barrier(4), []

    def make():
        gate.wait()
        slugs.append(universes.create(name="🐙").slug)
        connection.close()

    threads = [threading.Thread(target=make) for _ in range(4)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert sorted(slugs) == ["universe", "universe-2", "universe-3", "universe-4"]


# --- Names of copies


@pytest.mark.parametrize("end", [FAMILY, ENGLAND, "🇫🇷", "👍🏽", "e\u0301\u0323", "\u1112\u1161\u11ab", "x"])
@pytest.mark.parametrize("room", (0, 3, 5, 6))
def test_the_copy_of_a_long_name_is_called_what_the_api_takes(api, make_universe, end, room):
    text = "y" * room + end * 500
    name = cut(text, 500)
    make_universe(name=name, slug="winter")
    copy = api.post("/api/universes/winter/duplicate")
    assert copy.status_code == 201
    called = copy.json()["name"]
    assert api.patch(f"/api/universes/{copy.json()['slug']}", {"name": called}).json()["name"] == called
    whole = called.removeprefix("Copy of " + "y" * room)
    assert whole and whole == end * (len(whole) // len(end))
    assert 500 - len(called) < len(end)


def test_a_copy_of_a_copy_of_a_long_name_can_be_made_in_the_admin(admin_client, make_universe):
    universe = make_universe(name="é" * 499 + "x", slug="winter")
    for _ in range(3):
        page = reverse("admin:universes_universe_duplicate", args=[universe.pk])
        form = admin_client.get(page).context["form"]
        admin_client.post(page, {"name": form.initial["name"], "slug": ""})
        universe = Universe.objects.latest("pk")
    assert Universe.objects.count() == 4 and len(universe.name) == 500


# --- Names on pages

PAGES = {
    "admin:universes_universe_changelist": (),
    "admin:universes_asset_changelist": (),
    "admin:index": (),
    "admin:studio_cards": ("universe",),
    "admin:studio_names": ("universe",),
    "admin:studio_activity": ("universe",),
    "admin:studio_delete_card": ("universe", "asset"),
    "admin:studio_move": ("universe", "asset"),
    "admin:studio_variants": ("universe", "asset"),
    "admin:studio_upload": ("universe", "asset"),
    "preview": ("slug",),
}


def test_pages_isolate_names_from_what_stands_around_them(admin_client, universe, make_asset):
    name = "ینیمز <b> & 100 % \u202e"
    asset = make_asset("b", translations={"fr": "c"})
    AssetTranslation.objects.update(display_name=name)
    Universe.objects.update(name=name)
    Asset.objects.update(display_name=name)
    isolated = f"<bdi>{escape(name)}</bdi>"
    UniverseTranslation.objects.all().delete()
    universes.update(universe, name=name)
    edits.record_created(Asset.objects.get(), "lea")
    ids = {"universe": universe.pk, "asset": asset.pk, "slug": universe.slug}
    for page, wanted in PAGES.items():
        text = admin_client.get(reverse(page, args=[ids[one] for one in wanted])).content.decode()
        assert isolated in text or f'dir="auto" lang="en">{escape(name)}</h1>' in text, page
        assert "<b> &" not in text
    # One that is changed is written in its own direction.
    form = admin_client.get(reverse("admin:studio_cards", args=[universe.pk])).content.decode()
    assert form.count('dir="auto" maxlength') == 7
