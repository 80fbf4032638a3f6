"""The gap board's songs: a click at a gap tells what filling it costs, and a confirmation begins it once."""

import pytest
from django.urls import reverse

from generation.tests.helpers import run_out
from jobs.models import Job
from universes.services import music

pytestmark = pytest.mark.django_db
BOARD = "?from=board"


@pytest.fixture
def lea(client, staff):
    client.force_login(staff("lea", "Editor", "Generator"))
    return client


@pytest.fixture
def address(universe):
    return lambda name, *ids: reverse(f"admin:studio_{name}", args=[universe.pk, *ids])


def gaps(client, address, language):
    """The addresses that the gaps of a language lead to, by what is missing."""
    row = client.get(address("language", language)).content.decode()
    return {kind: f'id="{kind}-{language}" hx-get=' in row for kind in ("style", "lyrics", "song")}, row


def test_where_nothing_is_written_lyrics_and_style_are_written_together(lea, address, provider):
    there, row = gaps(lea, address, "fr")
    assert there == {"style": True, "lyrics": True, "song": False} and "lyrics first" in row
    where = address("write", "fr") + BOARD
    assert row.count(where) == 2
    asked = lea.get(where).content.decode()
    assert "What the song is about" in asked and where in asked
    for _ in range(2):
        answer = lea.post(where, {"theme": "snow", "once": "this form"})
        assert (answer["HX-Retarget"], answer["X-Started"]) == ("#language-fr", "1")
    assert "being written" in answer.content.decode()
    run_out(Job.objects.get().pk)
    assert sum(provider.counters()["predictions"].values()) == 1
    there, row = gaps(lea, address, "fr")
    assert there == {"style": False, "lyrics": False, "song": True}


def test_where_another_language_has_lyrics_they_are_translated(lea, universe, address, provider):
    music.create(universe, language="fr", prompt="gentle", lyrics="la neige\ntombe doucement")
    there, row = gaps(lea, address, "de")
    where = address("translate", "de") + BOARD
    assert there == {"style": True, "lyrics": True, "song": False} and where in row
    assert lea.post(where, {"source": "fr", "once": "this form"})["HX-Retarget"] == "#language-de"
    run_out(Job.objects.get().pk)
    song = universe.music_prompts.get(language="de")
    assert song.lyrics and song.prompt == "gentle"


def test_a_song_with_lyrics_is_sung(lea, universe, address, provider):
    music.create(universe, language="fr", prompt="gentle bells", lyrics="la neige\ntombe doucement")
    where = address("sing", "fr") + BOARD
    assert where in gaps(lea, address, "fr")[1]
    answer = lea.post(where, {"once": "this form"})
    assert answer["HX-Retarget"] == "#language-fr" and "being sung" in answer.content.decode()


def test_what_is_refused_can_be_sent_again_from_the_board(lea, address):
    where = address("write", "fr") + BOARD
    answer = lea.post(where, {"theme": " "})
    assert answer.status_code == 409 and f'hx-post="{where}"' in answer.content.decode()


def test_who_may_not_spend_is_led_to_where_words_are_typed(client, staff, address):
    client.force_login(staff("ed", "Editor"))
    there, row = gaps(client, address, "fr")
    assert not any(there.values()) and f"{address('songs')}#song-fr" in row
