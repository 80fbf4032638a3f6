"""The tab Prompts: the admin's own form of a universe within the studio."""

import re

import pytest
from django.urls import reverse

from studio.tests.forms import sent_back
from universes.models import Edit, Universe, UniversePrompts
from universes.services import universes

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(universe):
    return reverse("admin:universes_universe_change", args=[universe.pk])


@pytest.fixture
def open_page(client, editor, page):
    """Opens the tab and returns what its form would send back, changed."""
    client.force_login(editor)

    def open_page(**changes):
        response = client.get(page)
        seen = {f"seen_{name}": text for name, text in response.context["seen"].items()}
        return {**sent_back(response, **seen), **changes}

    return open_page


def test_the_tab_has_the_studios_header_and_no_cards(client, editor, page, make_asset):
    make_asset("Fox")
    client.force_login(editor)
    response = client.get(page)
    text = response.content.decode()
    assert 'aria-current="page">Prompts' in text
    assert not response.context["inline_admin_formsets"]
    assert 'name="_addanother"' not in text


def test_the_prompts_are_shown_as_the_model_is_asked(client, editor, universe, page, make_asset):
    universes.update(universe, default_image_prompt="A woolly {concept} in snow")
    client.force_login(editor)
    assert "A woolly fox in snow" in client.get(page).content.decode()
    make_asset("Penguin", custom_image_prompt="Not this")
    assert "A woolly Penguin in snow" in client.get(page).content.decode()


def test_saving_stays_on_the_tab_and_leaves_its_trace(client, open_page, page):
    sent = open_page(default_image_prompt="One line\r\nand another", name_de="Winter")
    assert client.post(page, sent).url == page
    assert sorted(Edit.objects.values_list("field", "new", "author")) == [
        ("default_image_prompt", "One line\nand another", "editor"),
        ("name_de", "Winter", "editor"),
    ]
    client.post(page, open_page(name_de="Winterzeit"))
    assert not Edit.objects.filter(field="default_image_prompt", old__contains="One line").exists()


ODD = {
    "name": " Winter\u200b ",
    "background_color": "#ABCDEF",
    "background_music": "/storage/buckets/univers/winter/a\r\nb.mp3 ",
    "thumbnail_url": " x",
    "default_image_prompt": "\r\n  one\rtwo\n\n ",
    "default_video_prompt": "a\nb\r\n",
}


def test_a_form_that_is_sent_back_as_it_was_shown_changes_nothing(client, open_page, page, universe):
    """As a browser sends it: lines end in CR LF, an input has none, a colour is in small letters."""
    prompts = {field: ODD[field] for field in ODD if field.startswith("default_")}
    Universe.objects.filter(pk=universe.pk).update(**{f: text for f, text in ODD.items() if f not in prompts})
    UniversePrompts.objects.create(universe=universe, **prompts)
    sent = open_page()
    for field, text in ODD.items():
        lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
        sent[field] = lines if field in prompts else lines.replace("\r\n", "")
    sent["background_color"] = "#abcdef"
    universes.update(universe, translations={"de": "Schnee"}, author="Anna")
    assert client.post(page, sent).url == page
    universe.refresh_from_db()
    assert {f: getattr(universe.prompts if f in prompts else universe, f) for f in ODD} == ODD
    assert not Edit.objects.exclude(author="Anna").exists()


def test_a_text_that_begins_with_a_line_break_is_shown_whole(client, open_page, page, universe):
    """A browser drops a line break right after the tag."""
    UniversePrompts.objects.create(universe=universe, default_image_prompt="\nsnow")
    open_page()
    shown = client.get(page).content.decode()
    assert re.search(r'<textarea name="default_image_prompt"[^>]*>\r?\n\nsnow</textarea>', shown)


def test_a_new_universe_has_the_line_ends_of_the_api(client, editor):
    client.force_login(editor)
    sent = {"name": "Sea", "default_image_prompt": "One line\r\nand another"}
    client.post(reverse("admin:universes_universe_add"), sent)
    assert Universe.objects.get(slug="sea").prompts.default_image_prompt == "One line\nand another"


def test_what_only_the_other_one_changed_stays(client, open_page, page, universe):
    sent = open_page(name_de="Winterzeit")
    universes.update(universe, name="Snow", is_public=False, translations={"fr": "Neige"}, author="Anna")
    client.post(page, sent)
    universe.refresh_from_db()
    assert (universe.name, universe.is_public) == ("Snow", False)
    assert dict(universe.translations.values_list("language", "name")) == {"fr": "Neige", "de": "Winterzeit"}


def test_who_saves_second_learns_who_was_first_and_keeps_what_they_typed(client, open_page, page, universe):
    sent = open_page(name="Frost", name_de="Winterzeit")
    universes.update(universe, name="Snow", author="Anna")
    answer = client.post(page, sent)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Anna changed this to “Snow”" in text and "Save again to put yours in its place." in text
    assert 'value="Frost"' in text and 'value="Winterzeit"' in text
    assert Universe.objects.get().name == "Snow"
    again = sent_back(answer, **{f"seen_{name}": seen for name, seen in answer.context["seen"].items()})
    assert client.post(page, again).url == page
    assert Universe.objects.get().name == "Frost"
    assert universe.translations.get(language="de").name == "Winterzeit"
