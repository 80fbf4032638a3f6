"""Jobs run to their end: what they make, and what they leave alone."""

import io

import pytest
from PIL import Image

from generation.tests.helpers import begin, bytes_of, path_of, run_out, wait_for_the_end_of
from jobs.models import Job
from storage import archive, bucket, formats
from universes.models import LANGUAGES, Asset, AssetPrompts, MusicPrompt, Revision
from universes.services import assets as asset_services

pytestmark = pytest.mark.django_db(transaction=True)


# --- What is made ------------------------------------------------------------------------------------------


def test_pictures_are_png_whatever_the_model_made_and_the_first_is_the_thumbnail(provider, cards, run, api):
    job = run("winter/images")
    assert (job.status, job.message, job.current_step) == ("completed", "3 of 3 images", 3)
    assert bucket.names("winter") == {*(card.image_name for card in cards), "thumbnail.jpg"}
    for card in cards:
        with Image.open(path_of(card.image_name)) as picture:
            picture.load()
            assert picture.format == "PNG"
    with Image.open(path_of("thumbnail.jpg")) as thumbnail:
        assert (thumbnail.format, max(thumbnail.size)) == ("JPEG", 512)
    assert api.get("/api/universes/winter").json()["thumbnail_url"].endswith("/winter/thumbnail.jpg")


def test_a_thumbnail_that_is_there_stays(provider, cards, run, put_file):
    put_file("winter", "thumbnail.jpg", b"mine")
    run("winter/images")
    assert bytes_of("thumbnail.jpg") == b"mine"


def test_generations_are_counted(provider, cards, run):
    asset_services.update(cards[1], custom_image_prompt="A penguin")
    AssetPrompts.objects.create(asset=cards[2], generation_count=None)
    run("winter/images")
    run("winter/images", asset_ids=[str(cards[0].pk)], regenerate=True)
    counts = {prompts.asset_id: prompts.generation_count for prompts in AssetPrompts.objects.all()}
    assert counts == {cards[0].pk: 2, cards[1].pk: 1, cards[2].pk: 1}
    assert all(prompts.last_generated_at for prompts in AssetPrompts.objects.all())


def test_what_regenerate_replaces_goes_to_the_archive(provider, pictures, run):
    old = bytes_of("00_snowflake.png")
    run("winter/images", asset_ids=[str(pictures[0].pk)], regenerate=True)
    assert bytes_of("00_snowflake.png") != old
    revision = Revision.objects.get()
    assert revision.cause == "regenerate"
    archive.restore(revision.files["00_snowflake.png"], "winter", "00_snowflake.png")
    assert bytes_of("00_snowflake.png") == old


def test_clips_are_made_from_the_cards_own_pictures(provider, cards, put_file, run):
    for card, colour in zip(cards, ("#ff0000", "#00ff00"), strict=False):
        target = io.BytesIO()
        Image.new("RGB", (2000, 1000), colour).save(target, "PNG")
        put_file("winter", card.image_name, target.getvalue())
    job = run("winter/videos")
    assert job.message == "2 of 2 videos"
    for card in cards[:2]:
        formats.check_mp4(path_of(card.image_name.replace(".png", ".mp4")))
    asked = provider.predictions()
    assert {one["model"] for one in asked} == {"wavespeedai/wan-2.1-i2v-480p"}
    assert len({one["input"]["image"] for one in asked}) == 2
    assert set(asked[0]["input"]) == {"image", "prompt", "seed"}


def test_the_fast_clip_model_gets_its_own_fields(provider, pictures, settings, run):
    settings.REPLICATE_VIDEO_MODEL = "wan-video/wan-2.2-i2v-fast"
    assert run("winter/videos", asset_ids=[str(pictures[0].pk)]).status == "completed"
    assert provider.predictions()[0]["input"]["num_frames"] == 81


def test_songs_are_sung_with_their_lyrics(provider, songs, run):
    job = run("winter/music", languages=["fr", "en"])
    assert job.message == "2 of 2 songs"
    formats.check_mp3(path_of("fr.mp3"))
    assert provider.predictions()[0]["input"]["lyrics"] == songs[0].lyrics


def test_a_song_without_lyrics_has_them_written_first(provider, cards, songs, run, api):
    """In the languages that lack them; they are stored with the style that came with the order."""
    style = "quick polka with an accordion"
    job = run("winter/music", languages=["fr", "de", "it"], style=style)
    assert (job.status, job.message) == ("completed", "4 of 4 steps")
    stored = {song["language"]: song for song in api.get("/api/universes/winter/music-prompts").json()}
    assert set(stored) == {"fr", "en", "de", "it"}
    assert (stored["fr"]["prompt"], stored["fr"]["lyrics"]) == (songs[0].prompt, songs[0].lyrics)
    assert stored["de"]["prompt"] == stored["it"]["prompt"] == style
    question, *sung = sorted(provider.predictions(), key=lambda one: "lyrics" in one["input"])
    assert "Winter" in question["input"]["prompt"] and "Penguin" in question["input"]["prompt"]
    asked = {one["input"]["lyrics"]: one["input"]["prompt"] for one in sung}
    assert asked[stored["de"]["lyrics"]] == style
    assert {"fr.mp3", "de.mp3", "it.mp3"} <= bucket.names("winter")


def test_a_second_order_has_the_lyrics_written_that_the_first_does_not_write(provider, cards, post):
    first = post("winter/music", languages=["fr", "en"]).json()
    second = post("winter/music", languages=["en", "de"]).json()
    third = post("winter/music", languages=["en", "fr"]).json()
    assert third["id"] == first["id"]
    jobs = [run_out(job["id"]) for job in (first, second)]
    assert [(job.status, job.error) for job in jobs] == [("completed", None)] * 2
    assert {"fr.mp3", "en.mp3", "de.mp3"} <= bucket.names("winter")


def test_a_stored_style_wins_over_the_one_of_the_order(provider, universe, run):
    MusicPrompt.objects.create(universe=universe, language="fr", prompt="slow waltz for two", lyrics=" ")
    assert run("winter/music", style="quick polka with an accordion").status == "completed"
    song = MusicPrompt.objects.get(language="fr")
    assert song.prompt == "slow waltz for two" and song.lyrics.strip()


def test_a_model_without_a_style_gets_the_reference_track(provider, songs, settings, run):
    settings.REPLICATE_MUSIC_MODEL = "minimax/music-01"
    settings.REPLICATE_MUSIC_REFERENCE = "https://example.org/track.mp3"
    assert run("winter/music").status == "completed"
    assert provider.predictions()[0]["input"] == {
        "lyrics": songs[0].lyrics,
        "song_file": "https://example.org/track.mp3",
    }


# --- The whole pipeline ------------------------------------------------------------------------------------


def test_a_theme_becomes_a_whole_universe(provider, universe, run, api):
    job = run("winter/all", theme="les animaux de la mer", count=3)
    assert (job.status, job.message) == ("completed", "13 of 13 steps")
    body = api.get("/api/universes/winter").json()
    assert len(body["assets"]) == 3
    assert all(asset["image_url"] and asset["video_url"] for asset in body["assets"])
    assert {song["language"] for song in body["music_prompts"]} == set(LANGUAGES)
    assert all(10 <= len(song["lyrics"]) <= 600 and song["prompt"] for song in body["music_prompts"])
    assert {f"{language}.mp3" for language in LANGUAGES} <= bucket.names("winter")
    assert provider.counters()["created"] == 13


def test_clips_and_songs_can_be_left_out(provider, universe, run):
    job = run("winter/all", theme="sea", count=2, generate_videos=False, generate_music=False)
    assert job.message == "3 of 3 steps"
    assert not MusicPrompt.objects.exists()


def test_cards_and_words_that_exist_stay_and_what_is_missing_is_made(
    provider, pictures, songs, run, put_file
):
    put_file("winter", "fr.mp3")
    before = set(Asset.objects.values_list("pk", flat=True))
    job = run("winter/all", theme="sea", count=9)
    # Three clips, the lyrics that nobody wrote, four songs.
    assert (job.status, job.message) == ("completed", "8 of 8 steps")
    assert set(Asset.objects.values_list("pk", flat=True)) == before
    assert MusicPrompt.objects.get(language="fr").lyrics == songs[0].lyrics
    assert MusicPrompt.objects.get(language="de").lyrics
    assert run("winter/all", theme="sea").total_steps == 0


def test_regenerate_thinks_the_cards_up_anew_and_keeps_the_old_as_a_revision(provider, pictures, run):
    run("winter/all", theme="sea", count=2, generate_videos=False, generate_music=False, regenerate=True)
    assert Asset.objects.count() == 2
    revision = Revision.objects.get()
    assert revision.cause == "apply_concepts"
    assert {card.image_name for card in pictures} <= set(revision.files)


def test_cards_that_somebody_makes_while_the_model_thinks_stay(provider, universe, make_asset, post):
    body = {"theme": "sea", "count": 2, "generate_videos": False, "generate_music": False}
    job = Job.objects.get(pk=post("winter/all", **body).json()["id"])
    begin(job)
    mine = make_asset("My own card")
    assert run_out(job.pk).message == "2 of 2 steps"
    assert list(Asset.objects.all()) == [mine]
    assert bucket.names("winter") == {mine.image_name, "thumbnail.jpg"}
    assert not Revision.objects.exists()


def test_concepts_are_not_bought_for_a_universe_that_has_cards_by_then(provider, universe, make_asset, post):
    body = {"theme": "sea", "generate_videos": False, "generate_music": False}
    job = Job.objects.get(pk=post("winter/all", **body).json()["id"])
    make_asset("My own card")
    assert run_out(job.pk).status == "completed"
    assert provider.counters()["predictions"] == {"recraft-ai/recraft-v3": 1}


def test_words_of_a_song_that_were_written_while_the_model_thinks_stay(provider, pictures, universe, post):
    job = Job.objects.get(pk=post("winter/all", theme="sea", generate_videos=False).json()["id"])
    begin(job)
    MusicPrompt.objects.create(universe=universe, language="fr", prompt=" ", lyrics="[verse]\nMes mots à moi")
    MusicPrompt.objects.create(universe=universe, language="de", prompt="a slow waltz for two", lyrics=" ")
    assert run_out(job.pk).status == "completed"
    french, german = (MusicPrompt.objects.get(language=one) for one in ("fr", "de"))
    assert french.lyrics == "[verse]\nMes mots à moi"
    assert german.prompt == "a slow waltz for two"
    assert german.lyrics.startswith("[")


def test_concepts_that_are_missing_are_asked_for_once_more(provider, universe, post):
    provider.settings(llm_style="too_few")
    body = {"theme": "sea", "count": 6, "generate_videos": False, "generate_music": False}
    job = Job.objects.get(pk=post("winter/all", **body).json()["id"])
    begin(job)
    wait_for_the_end_of(provider)
    provider.settings(llm_style="clean")
    assert run_out(job.pk).status == "completed"
    assert Asset.objects.values("display_name").distinct().count() == 6
    asked = [one["input"]["prompt"] for one in provider.predictions()[:2]]
    assert ["exactly 6 " in asked[0], "exactly 3 " in asked[1]] == [True, True]


def test_lyrics_that_were_written_meanwhile_stay_and_are_not_asked_for(
    provider, pictures, songs, post, put_file
):
    for language in ("es", "it", "de"):
        put_file("winter", f"{language}.mp3")
    songs[0].delete()
    job = Job.objects.get(pk=post("winter/all", theme="sea", generate_videos=False).json()["id"])
    MusicPrompt.objects.create(universe=songs[1].universe, language="fr", lyrics="[verse]\nMes mots à moi")
    assert run_out(job.pk).message == "3 of 3 steps"
    assert MusicPrompt.objects.get(language="fr").lyrics == "[verse]\nMes mots à moi"
    assert provider.counters()["predictions"] == {"minimax/music-1.5": 2}


def test_concepts_that_stay_incomplete_fail_the_job_and_change_nothing(provider, universe, run):
    provider.settings(llm_style="too_few")
    job = run("winter/all", theme="sea", count=6)
    assert job.status == "failed"
    assert "left out 2 of 6 concepts" in str(job.error)
    assert not Asset.objects.exists()
    assert provider.counters()["created"] == 2


def test_a_clip_whose_picture_failed_is_not_begun(provider, universe, run):
    provider.settings(
        request_faults=[{"match": "POST /v1/predictions", "action": "402", "skip": 1, "times": 1}]
    )
    job = run("winter/all", theme="sea", count=2, generate_music=False)
    assert (job.status, job.message) == ("failed", "3 of 5 steps, 2 failed")
    assert "Replicate refused" in str(job.error)
    assert provider.counters()["created"] == 3
