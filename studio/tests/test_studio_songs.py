"""The tab Songs: words that save themselves, lyrics and songs that are paid for, files that come and go."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from generation.tests.helpers import bytes_of, run_out
from jobs.models import Job
from studio.tests.forms import address
from universes.models import MusicPrompt
from universes.services import edits, music
from universes.tests import media_files

pytestmark = pytest.mark.django_db
LYRICS = "[verse]\nLa neige tombe\nsur les toits"


@pytest.fixture
def french(universe):
    return music.create(universe, language="fr", prompt="A calm song with bells", lyrics=LYRICS)


def page_of(client, universe):
    return client.get(address("songs", universe.pk)).content.decode()


def save(client, universe, language, **fields):
    return client.post(address("save_song", universe.pk, language), fields)


def stored(universe, language):
    return edits.words(universe.music_prompts.get(language=language))


def test_each_language_has_its_panel_with_the_models_limits(
    lea, universe, french, django_assert_max_num_queries
):
    page_of(lea, universe)
    with django_assert_max_num_queries(30):
        page = page_of(lea, universe)
    assert page.count('class="st-card sg-song"') == 5
    assert "La neige tombe" in page and 'data-most="600"' in page and 'data-most="300"' in page
    assert page.count("Translate from French") == 4


def test_the_first_words_make_a_song(lea, universe):
    answer = save(lea, universe, "de", lyrics="Leise rieselt", seen_lyrics="")
    assert answer.json()["words"] == {"lyrics": "Leise rieselt"}
    assert stored(universe, "de") == {"prompt": "", "lyrics": "Leise rieselt"}


def test_what_is_refused_or_empty_leaves_no_song(lea, universe):
    assert save(lea, universe, "de", lyrics="x" * 20_001, seen_lyrics="").status_code == 422
    assert save(lea, universe, "de", lyrics=" ", seen_lyrics="").status_code == 200
    assert save(lea, universe, "xx", lyrics="a").status_code == 404
    assert not MusicPrompt.objects.exists()


def test_who_comes_second_is_told(lea, universe, french):
    save(lea, universe, "fr", prompt="Loud drums", seen_prompt="A calm song with bells")
    answer = save(lea, universe, "fr", prompt="A harp", seen_prompt="A calm song with bells")
    assert [conflict["theirs"] for conflict in answer.json()["conflicts"]] == ["Loud drums"]


def test_a_song_is_made_once_for_a_price_that_was_told(lea, universe, french, provider):
    where = address("sing", universe.pk, "fr")
    asked = lea.get(where).content.decode()
    assert "USD" in asked and "A calm song with bells" in asked
    assert not Job.objects.exists()
    answer = lea.post(where, {"once": "this form"})
    assert (answer["HX-Retarget"], answer["X-Started"]) == ("#song-fr", "1")
    assert "being sung" in answer.content.decode()
    run_out(Job.objects.get().pk)
    lea.post(where, {"once": "this form"})
    assert Job.objects.count() == 1 and sum(provider.counters()["predictions"].values()) == 1
    assert re.search(r'fr\.mp3\?v=\d+" controls', page_of(lea, universe))


def test_a_song_without_lyrics_has_them_written_first_and_the_dialog_says_so(lea, universe, provider):
    where = address("sing", universe.pk, "fr")
    assert "they are written first" in lea.get(where).content.decode()
    lea.post(where)
    run_out(Job.objects.get().pk)
    assert stored(universe, "fr")["lyrics"].startswith("[")
    assert re.search(r'fr\.mp3\?v=\d+" controls', page_of(lea, universe))


def test_lyrics_are_translated_where_there_are_none(lea, universe, french, provider):
    where = address("translate", universe.pk, "de")
    assert "will be replaced" not in lea.get(where).content.decode()
    lea.post(where, {"source": "fr"})
    run_out(Job.objects.get().pk)
    assert stored(universe, "de")["lyrics"].count("\n") == 2


def test_lyrics_are_replaced_only_by_a_form_that_said_so(lea, universe, french, provider):
    where = address("translate", universe.pk, "de")
    asked = lea.get(where).content.decode()
    save(lea, universe, "de", lyrics="Mein Lied", seen_lyrics="")
    assert 'name="replace"' not in asked
    assert 'name="replace"' in lea.get(where).content.decode()
    lea.post(where, {"source": "fr", "once": "first"})
    assert stored(universe, "de")["lyrics"] == "Mein Lied"
    lea.post(where, {"source": "fr", "once": "second", "replace": "1"})
    run_out(Job.objects.order_by("created_at").last().pk)
    assert stored(universe, "de")["lyrics"] != "Mein Lied"


def test_lyrics_are_written_about_a_theme(lea, universe, provider):
    where = address("write", universe.pk, "fr")
    assert "What this costs" in lea.get(where).content.decode()
    assert lea.post(where, {"theme": " "}).status_code == 409
    answer = lea.post(where, {"theme": "snow", "once": "this form"})
    assert "being written" in answer.content.decode()
    lea.post(where, {"theme": "snow", "once": "this form"})
    run_out(Job.objects.get().pk)
    assert stored(universe, "fr")["lyrics"]


def test_a_song_of_ones_own_and_back(lea, universe, put_file):
    put_file(universe.slug, "fr.mp3", b"old song")
    where = address("upload_song", universe.pk, "fr")
    assert lea.post(where).status_code == 409
    refused = lea.post(where, {"file": SimpleUploadedFile("a.mp3", b"<html>")})
    assert refused.status_code == 409 and "Choose a song" in refused.content.decode()
    tone = media_files.recorded("wav", source="sine=d=1")
    assert lea.post(where, {"file": SimpleUploadedFile("a.mp3", tone)})["HX-Retarget"] == "#song-fr"
    strip = lea.get(address("song_variants", universe.pk, "fr")).content.decode()
    assert strip.count("<audio") == 2 and "replaced by an upload" in strip
    (sha256,) = re.findall(r"variants/(\w{64})/choose", strip)
    heard = lea.get(address("song_variant", universe.pk, "fr", sha256))
    assert b"".join(heard) == b"old song"
    assert lea.post(address("choose_song", universe.pk, "fr", sha256))["HX-Retarget"] == "#song-fr"
    assert bytes_of("fr.mp3") == b"old song"
    assert lea.post(address("choose_song", universe.pk, "fr", "0" * 64)).status_code == 409


def test_a_get_deletes_nothing_and_a_post_does(lea, universe, french, put_file):
    put_file(universe.slug, "fr.mp3")
    where = address("delete_song", universe.pk, "fr")
    assert "its song" in lea.get(where).content.decode()
    assert universe.music_prompts.exists()
    panel = lea.post(where)
    assert panel["HX-Retarget"] == "#song-fr" and "La neige" not in panel.content.decode()
    assert not universe.music_prompts.exists()
    assert lea.post(where).status_code == 404


def test_who_may_only_look_finds_no_buttons(client, staff, universe, french):
    client.force_login(staff("bob", "Viewer"))
    page = page_of(client, universe)
    assert "La neige tombe" in page and "data-save method" not in page
    for what in ("save_song", "sing", "translate", "write", "upload_song", "delete_song"):
        assert client.post(address(what, universe.pk, "fr")).status_code == 403
        assert address(what, universe.pk, "fr") not in page


def test_lyrics_with_other_line_ends_can_be_edited(lea, universe):
    music.create(universe, language="fr", prompt=None, lyrics="La neige\r\ntombe\rici")
    page_of(lea, universe)
    answer = save(lea, universe, "fr", lyrics="La pluie\ntombe\nici", seen_lyrics="La neige\ntombe\nici")
    assert answer.json()["conflicts"] == []
    music_prompt = universe.music_prompts.get(language="fr")
    assert music_prompt.lyrics == "La pluie\r\ntombe\rici"
