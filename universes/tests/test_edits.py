"""Two editors at once: the second learns who changed what, and the words of both are there."""

import pytest

from universes.errors import NotFound
from universes.models import Edit
from universes.services import assets, edits, music, universes

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(universe):
    return assets.create(universe, display_name="Fox", translations={"fr": "Renard", "de": "Fuchs"})


def changes():
    return Edit.objects.exclude(field="")


def test_what_is_typed_is_saved_and_leaves_a_trace(card):
    typed = {"name_de": "Füchslein", "custom_image_prompt": "a red one"}
    assert edits.save(card, typed, edits.words(card), "anna") == []
    words = edits.words(card)
    assert (words["name_de"], words["custom_image_prompt"]) == ("Füchslein", "a red one")
    assert set(changes().values_list("subject", "field", "old", "new", "author")) == {
        (card.image_name, "name_de", "Fuchs", "Füchslein", "anna"),
        (card.image_name, "custom_image_prompt", "", "a red one", "anna"),
    }


LINES = (
    # The stored text, the text that the page sends back, and the text stored then.
    ("one\r\ntwo", "one\nzwei", "one\r\nzwei"),
    ("one\r\ntwo\r\n", "one\ntwo\nthree\n", "one\r\ntwo\r\nthree\r\n"),
    ("one\ntwo", "one\ntwo\nthree", "one\ntwo\nthree"),
    ("one", "one\ntwo", "one\ntwo"),
    ("one\rtwo\rthree", "two\nthree", "two\rthree"),
    ("a\r\nb\nc\rd", "a\nB\nc\nd", "a\r\nB\r\nc\rd"),
    ("a\nb\r\nc\r\n", "a\nb\nnew\nc\n", "a\nb\r\nnew\nc\r\n"),
    ("\r\n\r\n", "\n\n\nx", "\r\n\r\n\r\nx"),
    ("a\r\n", "", ""),
    ("a\rb\n", "a\n\n", "a\r\r"),
    ("b\n\rc", "b\n\nx\n\n", "b\n\rx\n\n"),
)


@pytest.mark.parametrize(("stored", "typed", "expected"), LINES)
def test_lines_that_nobody_typed_end_as_they_did(card, stored, typed, expected):
    assets.update(card, custom_image_prompt=stored, custom_video_prompt="kept\r\n\rkept\n")
    edits.save(card, {"custom_image_prompt": typed}, edits.words(card), "anna")
    card.prompts.refresh_from_db()
    assert (card.prompts.custom_image_prompt or "") == expected
    assert card.prompts.custom_video_prompt == "kept\r\n\rkept\n"


def test_what_is_not_touched_is_not_written(card):
    before = card.updated_at
    assert edits.save(card, edits.words(card), edits.words(card), "anna") == []
    card.refresh_from_db()
    assert card.updated_at == before
    assert not changes().exists()


def test_the_second_to_save_learns_who_changed_what(card):
    seen = edits.words(card)
    edits.save(card, {"name_de": "Rotfuchs"}, seen, "anna")
    (conflict,) = edits.save(card, {"name_de": "Reineke", "name_fr": "Goupil"}, seen, "bert")
    assert (conflict.field, conflict.yours, conflict.theirs) == ("name_de", "Reineke", "Rotfuchs")
    assert conflict.author == "anna"
    assert conflict.created_at
    words = edits.words(card)
    assert (words["name_de"], words["name_fr"]) == ("Rotfuchs", "Goupil")


def test_who_saw_the_newest_may_overwrite_it(card):
    edits.save(card, {"name_de": "Rotfuchs"}, edits.words(card), "anna")
    assert edits.save(card, {"name_de": "Reineke"}, {"name_de": "Rotfuchs"}, "bert") == []
    assert edits.words(card)["name_de"] == "Reineke"


def test_both_typed_the_same(card):
    seen = edits.words(card)
    edits.save(card, {"name_de": "Rotfuchs"}, seen, "anna")
    assert edits.save(card, {"name_de": "Rotfuchs"}, seen, "bert") == []


def test_an_emptied_name_goes_and_an_emptied_order_too(card):
    edits.save(card, {"name_de": "", "sort_order": ""}, edits.words(card), "anna")
    assert not card.translations.filter(language="de").exists()
    card.refresh_from_db()
    assert card.sort_order is None


def test_a_card_that_went_away(card):
    seen = edits.words(card)
    gone = type(card).objects.get(pk=card.pk)
    assets.delete(card)
    with pytest.raises(NotFound):
        edits.save(gone, {"name_de": "x"}, seen, "anna")


def test_universes_and_songs_likewise(universe):
    song = music.create(universe, language="fr", prompt="calm", lyrics="la", author="anna")
    assert edits.save(song, {"lyrics": "la la"}, edits.words(song), "anna") == []
    typed = {"is_public": "False", "name_it": "Animali"}
    assert edits.save(universe, typed, edits.words(universe), "bert") == []
    assert universes.find(universe.slug).is_public is False
    assert set(Edit.objects.values_list("kind", "subject", "field", "author")) == {
        ("song", "fr", "", "anna"),
        ("song", "fr", "lyrics", "anna"),
        ("universe", "", "is_public", "bert"),
        ("universe", "", "name_it", "bert"),
    }


def test_the_api_leaves_its_trace_too(api, universe, card):
    address = f"/api/universes/{universe.slug}/assets/{card.pk}"
    assert api.patch(address, {"display_name": "Vixen"}, format="json").status_code == 200
    edit = changes().get()
    assert (edit.kind, edit.field, edit.old, edit.new) == ("card", "display_name", "Fox", "Vixen")
