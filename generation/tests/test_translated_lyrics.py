"""Lyrics translated or written by a job, and ideas: what is stored, and what is left alone."""

import pytest

from generation import services
from generation.tests.helpers import begin, run_out, wait_for_the_end_of
from jobs.models import Job
from universes.models import Asset, Edit, MusicPrompt, Revision
from universes.services import assets, music

pytestmark = pytest.mark.django_db(transaction=True)
FRENCH = "[verse]\nLa neige tombe\n\n[chorus]\nLa la la"


@pytest.fixture
def french(universe):
    return MusicPrompt.objects.create(
        universe=universe, language="fr", prompt="soft lullaby with a harp", lyrics=FRENCH
    )


def song(language):
    return MusicPrompt.objects.get(language=language)


def asked(job):
    begin(job)
    return job


# --- Translated --------------------------------------------------------------------------------------------


def test_lyrics_are_translated_line_by_line_and_the_style_comes_with_them(provider, french, run):
    job = run("winter/lyrics", languages=["en", "de"])
    assert (job.type, job.status, job.message) == ("translate_lyrics", "completed", "2 of 2 lyrics")
    assert song("de").prompt == french.prompt
    lines = song("en").lyrics.split("\n")
    assert [lines[i] for i in (0, 2, 3)] == ["[verse]", "", "[chorus]"]
    assert lines[1].startswith("[en] ")
    assert {edit.author for edit in Edit.objects.all()} == {""}


def test_what_is_written_stays_unless_it_is_to_be_replaced(provider, french, universe, run):
    mine = MusicPrompt.objects.create(universe=universe, language="en", prompt="a waltz", lyrics="Mine")
    assert run("winter/lyrics", languages=["en"]).total_steps == 0
    assert run("winter/lyrics", languages=["en"], replace=True).status == "completed"
    assert song("en").lyrics.startswith("[verse]\n[en]")
    assert song("en").prompt == mine.prompt
    (row,) = Revision.objects.get(cause="translate_lyrics").rows["univers_music_prompts"]
    assert row["lyrics"] == "Mine"


@pytest.mark.parametrize("before", ["", "Old words"])
def test_lyrics_that_somebody_writes_meanwhile_stay(provider, french, universe, before):
    english = MusicPrompt.objects.create(universe=universe, language="en", prompt="a waltz", lyrics=before)
    job = asked(services.start_lyrics(universe, "en", replace=True))
    music.update(english, lyrics="New words", author="lea")
    assert run_out(job.pk).status == "completed"
    assert song("en").lyrics == "New words"
    assert not Revision.objects.exists()


def test_lyrics_that_are_written_before_the_question_cost_nothing(provider, french, universe):
    job = services.start_lyrics(universe, "en")
    music.create(universe, language="en", prompt="a waltz", lyrics="Mine")
    assert run_out(job.pk).status == "completed"
    assert provider.counters()["created"] == 0


def test_a_source_that_changes_meanwhile_does_not_mix_with_what_it_was(provider, french, universe):
    job = asked(services.start_lyrics(universe, "en"))
    music.update(french, lyrics="Une ligne")
    assert run_out(job.pk).status == "completed"
    assert song("en").lyrics.count("\n") == FRENCH.count("\n")


def test_a_long_text_takes_several_questions(provider, french, universe):
    music.update(french, lyrics="\n".join(f"Ligne {number}" for number in range(120)))
    job = run_out(services.start_lyrics(universe, "en").pk)
    assert job.status == "completed"
    assert song("en").lyrics.count("\n") == 119
    assert provider.counters()["created"] == 3


def test_lines_that_stay_lost_fail_the_step_and_store_nothing(provider, french, run):
    provider.settings(llm_style='{"lines": ["one"]}')
    job = run("winter/lyrics", languages=["en"])
    assert (job.status, provider.counters()["created"]) == ("failed", 2)
    assert "left out all 2 lines in English" in str(job.error)
    assert not MusicPrompt.objects.filter(language="en").exists()


def test_a_batch_is_asked_for_once_more_and_the_next_one_then(provider, french, universe):
    music.update(french, lyrics="\n".join(f"Ligne {number}" for number in range(60)))
    provider.settings(llm_style="too_few")
    job = asked(services.start_lyrics(universe, "en"))
    wait_for_the_end_of(provider)
    provider.settings(llm_style="clean")
    assert run_out(job.pk).status == "completed"
    assert provider.counters()["created"] == 3


def test_a_source_without_lyrics_is_refused(provider, universe, post):
    answer = post("winter/lyrics", languages=["en"], source="it")
    assert answer.status_code == 400
    assert "No lyrics in Italian" in answer.json()["detail"]


# --- Written -----------------------------------------------------------------------------------------------


def test_a_song_is_written_where_there_is_none(provider, pictures, universe):
    job = run_out(services.start_song_words(universe, "de", "winter").pk)
    assert (job.type, job.status) == ("write_lyrics", "completed")
    assert song("de").lyrics and song("de").prompt
    assert services.start_song_words(universe, "de", "winter").total_steps == 0
    assert [(edit.label, edit.author) for edit in Edit.objects.filter(kind="song")] == [("German", "")]


# --- Ideas -------------------------------------------------------------------------------------------------


def test_ideas_come_in_five_languages_and_change_nothing(provider, cards, run):
    job = run("winter/ideas", theme="winter", count=4, language="en")
    found = job.result["results"]["ideas"]
    assert (job.type, job.status) == ("propose_ideas", "completed")
    assert found["concepts"] == found["translations"]["en"]
    assert {len(names) for names in found["translations"].values()} == {4}
    assert Asset.objects.count() == 3


def test_ideas_are_none_of_the_cards_that_there_are(provider, universe, run):
    first = run("winter/ideas", theme="winter", count=5).result["results"]["ideas"]["concepts"]
    assets.create(universe, display_name=first[0])
    assets.create(universe, display_name="other", translations={"fr": first[1]})
    again = run("winter/ideas", theme="winter", count=5).result["results"]["ideas"]["concepts"]
    assert len(again) == 5 and not {first[0], first[1], "other"} & set(again)


def test_the_same_ideas_are_not_asked_for_twice_at_a_time(provider, universe, post):
    body = {"theme": "winter", "count": 4}
    jobs = [post("winter/ideas", **body).json()["id"] for _ in range(2)]
    other = post("winter/ideas", theme="summer", count=4).json()["id"]
    assert jobs[0] == jobs[1] != other
    assert Job.objects.count() == 2
