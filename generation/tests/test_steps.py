"""Jobs run to their end against a provider that misbehaves: nothing is lost, nothing is bought twice."""

import io
import time

import pytest
from PIL import Image

from generation import media, services
from jobs import services as jobs
from jobs.models import Job, JobStep
from jobs.runner import run_here, run_slice
from storage import archive, bucket
from universes.models import LANGUAGES, Asset, AssetPrompts, MusicPrompt, Revision
from universes.services import assets as asset_services
from universes.services import universes

pytestmark = pytest.mark.django_db(transaction=True)


def path_of(name, slug="winter"):
    return bucket.bucket().path(f"{slug}/{name}")


def bytes_of(name):
    with bucket.bucket().open(f"winter/{name}") as file:
        return file.read()


def begin(job):
    """Look at each of the job's steps once, so that all are bought."""
    run_slice(str(job.pk), threads=1)
    assert not JobStep.objects.filter(job=job, external_id="").exists()


def wait_for_the_end_of(provider):
    ends = time.monotonic() + 10
    while provider.counters()["running"]:
        assert time.monotonic() < ends


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
    run("winter/images")
    run("winter/images", asset_ids=[str(cards[0].pk)], regenerate=True)
    counts = {prompts.asset_id: prompts.generation_count for prompts in AssetPrompts.objects.all()}
    assert counts == {cards[0].pk: 2, cards[1].pk: 2, cards[2].pk: 1}
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
        media.check_mp4(path_of(card.image_name.replace(".png", ".mp4")))
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
    media.check_mp3(path_of("fr.mp3"))
    assert provider.predictions()[0]["input"]["lyrics"] == songs[0].lyrics


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


def test_concepts_that_are_missing_are_asked_for_once_more(provider, universe, post):
    provider.settings(llm_style="too_few")
    body = {"theme": "sea", "count": 6, "generate_videos": False, "generate_music": False}
    job = Job.objects.get(pk=post("winter/all", **body).json()["id"])
    begin(job)
    wait_for_the_end_of(provider)
    provider.settings(llm_style="clean")
    assert run_here(job.pk).status == "completed"
    assert Asset.objects.values("display_name").distinct().count() == 6
    asked = [one["input"]["prompt"] for one in provider.predictions()[:2]]
    assert ["COUNT: 6\n" in asked[0], "COUNT: 3\n" in asked[1]] == [True, True]


def test_lyrics_that_were_written_meanwhile_stay_and_are_not_asked_for(
    provider, pictures, songs, post, put_file
):
    for language in ("es", "it", "de"):
        put_file("winter", f"{language}.mp3")
    songs[0].delete()
    job = Job.objects.get(pk=post("winter/all", theme="sea", generate_videos=False).json()["id"])
    MusicPrompt.objects.create(universe=songs[1].universe, language="fr", lyrics="[verse]\nMes mots à moi")
    assert run_here(job.pk).message == "3 of 3 steps"
    assert MusicPrompt.objects.get(language="fr").lyrics == "[verse]\nMes mots à moi"
    assert provider.counters()["predictions"] == {"minimax/music-1.5": 2}


def test_concepts_that_stay_incomplete_fail_the_job_and_change_nothing(provider, universe, run):
    provider.settings(llm_style="too_few")
    job = run("winter/all", theme="sea", count=6)
    assert job.status == "failed"
    assert "left out 2 of 6 concepts" in job.error
    assert not Asset.objects.exists()
    assert provider.counters()["created"] == 2


def test_a_clip_whose_picture_failed_is_not_begun(provider, universe, run):
    provider.settings(
        request_faults=[{"match": "POST /v1/predictions", "action": "402", "skip": 1, "times": 1}]
    )
    job = run("winter/all", theme="sea", count=2, generate_music=False)
    assert (job.status, job.message) == ("failed", "3 of 5 steps, 2 failed")
    assert "Replicate refused" in job.error
    assert provider.counters()["created"] == 3


# --- What goes wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("failed", "The model failed: The sandbox was told to fail."),
        ("canceled", "The prediction was cancelled at Replicate."),
        ("aborted", "Replicate gave the prediction up before it began"),
    ],
)
def test_a_prediction_that_ends_badly_fails_its_step_and_retry_buys_that_one_again(
    provider, cards, run, how, sentence
):
    provider.settings(fail_next=1, fail_as=how)
    job = run("winter/images")
    assert (job.status, job.message) == ("failed", "2 of 3 images, 1 failed")
    assert job.error.startswith("Picture of ")
    assert sentence in job.error
    jobs.retry(job)
    assert run_here(job.pk).status == "completed"
    assert provider.counters()["created"] == 4


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("html", "The file is no picture but a web page. Generate it again."),
        ("wrong_type", "The file is no picture but another kind of file. Generate it again."),
        ("empty", "The model made an empty file"),
        ("expired", "The result is no longer at Replicate"),
        ("null", "The model succeeded without a result"),
    ],
)
def test_an_output_that_is_none_has_its_own_sentence_and_replaces_nothing(
    provider, pictures, run, output, sentence
):
    provider.settings(output=output)
    old = bytes_of("00_snowflake.png")
    job = run("winter/images", asset_ids=[str(pictures[0].pk)], regenerate=True)
    assert job.status == "failed"
    assert sentence in job.error
    assert bytes_of("00_snowflake.png") == old
    assert provider.counters()["created"] == 1


@pytest.mark.parametrize(
    ("path", "kind"), [("winter/images", "picture"), ("winter/videos", "clip"), ("winter/music", "song")]
)
def test_every_kind_knows_a_web_page_when_it_sees_one(provider, pictures, songs, run, path, kind):
    provider.settings(output="html")
    body = {} if kind == "song" else {"asset_ids": [str(pictures[0].pk)], "regenerate": True}
    assert f"The file is no {kind} but a web page" in run(path, **body).error


def test_a_download_that_breaks_off_is_fetched_again_and_not_bought_again(provider, cards, run):
    provider.settings(truncate_downloads=2)
    assert run("winter/images").status == "completed"
    assert provider.counters()["created"] == 3


@pytest.mark.parametrize("action", ["drop", "503", "truncate", "redirect:https://example.org/picture.png"])
def test_downloads_outlive_faults_or_refuse_foreign_hosts(provider, cards, run, action):
    provider.settings(request_faults=[{"match": "GET /delivery", "action": action, "times": 1}])
    job = run("winter/images", asset_ids=[str(cards[0].pk)])
    if action.startswith("redirect"):
        assert "'example.org', which is none of Replicate's hosts" in job.error
    else:
        assert job.status == "completed"
    assert provider.counters()["created"] == 1


def test_an_answer_that_was_lost_is_found_again(provider, cards, run):
    provider.settings(lose_answers=2)
    assert run("winter/images").status == "completed"
    assert provider.counters()["created"] == 3
    assert provider.counters()["lost_answers"] == 2


def test_lost_answers_of_cards_that_are_asked_for_alike_are_told_apart(provider, pictures, universe, run):
    universes.update(universe, default_video_prompt="It moves")
    provider.settings(lose_answers=3)
    assert run("winter/videos").status == "completed"
    assert provider.counters()["created"] == 3
    seeds = {one["input"]["seed"] for one in provider.predictions()}
    assert len(seeds) == 3


def test_pictures_that_are_asked_for_alike_adopt_one_each(provider, cards, universe, run):
    universes.update(universe, default_image_prompt="An owl")
    provider.settings(lose_answers=3)
    assert run("winter/images").status == "completed"
    assert provider.counters()["created"] == 3
    assert JobStep.objects.values("external_id").distinct().count() == 3


def test_a_listing_that_fails_means_wait_and_not_buy(provider, cards, run):
    provider.settings(
        lose_answers=1,
        request_faults=[{"match": r"GET /v1/predictions\?", "action": "500", "times": 1}],
    )
    assert run("winter/images", asset_ids=[str(cards[0].pk)]).status == "completed"
    assert provider.counters()["created"] == 1


def test_a_create_that_never_arrived_is_made_again(provider, cards, run):
    provider.settings(request_faults=[{"match": "POST /v1/predictions$", "action": "drop", "times": 1}])
    assert run("winter/images", asset_ids=[str(cards[0].pk)]).status == "completed"
    assert provider.counters()["created"] == 1


def test_a_throttled_provider_is_waited_for_as_long_as_it_says(provider, cards, run):
    provider.settings(throttle={"per_second": 4, "burst": 1, "retry_after": 0.4})
    job = run("winter/images")
    assert job.status == "completed"
    counters = provider.counters()
    assert (counters["created"], counters["creates_too_soon"]) == (3, 0)
    assert counters["throttled"] > 0
    assert not JobStep.objects.exclude(attempts=0).exists()


def test_a_prediction_that_vanished_fails_its_step(provider, cards, run):
    provider.settings(request_faults=[{"match": r"GET /v1/predictions/\w", "action": "404"}])
    job = run("winter/images", asset_ids=[str(cards[0].pk)])
    assert "Replicate no longer has this prediction" in job.error


def test_a_token_that_is_taken_away_fails_the_step_and_a_retry_re_attaches(provider, cards, post, settings):
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    begin(job)
    settings.REPLICATE_API_TOKEN = ""
    job = run_here(job.pk)
    assert "REPLICATE_API_TOKEN" in job.error
    settings.REPLICATE_API_TOKEN = provider.key
    jobs.retry(job)
    assert run_here(job.pk).status == "completed"
    assert provider.counters()["created"] == 1


def test_a_model_that_nobody_knows_is_named_with_its_setting(provider, cards, run, settings):
    settings.REPLICATE_IMAGE_MODEL = "recraft-ai/recraft-v3:" + "0" * 64
    assert "set REPLICATE_IMAGE_MODEL to another one" in run("winter/images").error
    assert not JobStep.objects.filter(intent_at__isnull=False).exists()


def test_a_prompt_that_got_too_long_meanwhile_is_not_bought_and_retry_takes_the_new_one(
    provider, cards, post
):
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    asset_services.update(cards[0], custom_image_prompt="x" * 1001)
    assert "at most 1000" in run_here(job.pk).error
    asset_services.update(cards[0], custom_image_prompt="A flake")
    jobs.retry(job)
    assert run_here(job.pk).status == "completed"
    assert [one["input"]["prompt"] for one in provider.predictions()] == ["A flake"]


# --- What goes away ----------------------------------------------------------------------------------------


def test_cancel_reaches_the_provider(provider, cards, post):
    provider.settings(latency={"image": 60})
    job = Job.objects.get(pk=post("winter/images").json()["id"])
    begin(job)
    jobs.cancel(job)
    assert run_here(job.pk).status == "cancelled"
    assert {one["status"] for one in provider.predictions()} <= {"canceled", "aborted"}
    assert bucket.names("winter") == set()


def test_a_card_that_is_gone_before_its_turn_is_not_bought(provider, cards, post):
    job = Job.objects.get(pk=post("winter/images").json()["id"])
    asset_services.delete(cards[0])
    assert run_here(job.pk).message == "2 of 3 images, 1 cancelled"
    assert provider.counters()["created"] == 2


def test_a_card_that_goes_away_while_it_is_drawn_cancels_its_prediction(provider, cards, post):
    provider.settings(latency={"image": 60})
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    begin(job)
    asset_services.delete(cards[0])
    run_here(job.pk)
    assert provider.predictions()[0]["status"] in ("canceled", "aborted")


def test_a_late_result_goes_to_the_archive(provider, cards, post):
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    begin(job)
    wait_for_the_end_of(provider)
    asset_services.delete(cards[0])
    run_here(job.pk)
    revision = Revision.objects.get(cause="late_result")
    archive.restore(revision.files["00_snowflake.png"], "winter", "00_snowflake.png")
    with Image.open(path_of("00_snowflake.png")) as picture:
        picture.load()


def test_a_universe_that_goes_away_drops_what_was_asked_for_it(provider, universe, post):
    job = Job.objects.get(pk=post("winter/all", theme="sea").json()["id"])
    universes.delete(universe)
    assert run_here(job.pk).message == "0 of 1 steps, 1 cancelled"
    assert provider.counters()["created"] == 0


def test_a_runner_that_died_after_the_create_is_followed_by_one_that_re_attaches(provider, universe, cards):
    job = services.start_images(universe)
    begin(job)
    assert run_here(job.pk).status == "completed"
    assert provider.counters()["created"] == 3
