"""A provider that misbehaves, and things that go away: nothing is lost, nothing is bought twice."""

import base64
import hashlib
import io

import pytest
from django.db import transaction
from PIL import Image

from generation import provider as replicate
from generation import services
from generation.kinds.pictures import Picture
from generation.tests.helpers import begin, bytes_of, look, path_of, run_out, wait_for_the_end_of
from jobs import lease
from jobs import services as jobs
from jobs.handlers import StepRun
from jobs.models import Job, JobStep
from storage import archive, bucket
from universes.models import Asset, AssetPrompts, Revision
from universes.services import assets as asset_services
from universes.services import universes

pytestmark = pytest.mark.django_db(transaction=True)


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
    assert str(job.error).startswith("Picture of ")
    assert sentence in str(job.error)
    jobs.retry(job)
    assert run_out(job.pk).status == "completed"
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
    assert sentence in str(job.error)
    assert bytes_of("00_snowflake.png") == old
    assert provider.counters()["created"] == 1


@pytest.mark.parametrize(
    ("path", "kind"), [("winter/images", "picture"), ("winter/videos", "clip"), ("winter/music", "song")]
)
def test_every_kind_knows_a_web_page_when_it_sees_one(provider, pictures, songs, run, path, kind):
    provider.settings(output="html")
    body = {} if kind == "song" else {"asset_ids": [str(pictures[0].pk)], "regenerate": True}
    assert f"The file is no {kind} but a web page" in str(run(path, **body).error)


def test_a_download_that_breaks_off_is_fetched_again_and_not_bought_again(provider, cards, run):
    provider.settings(truncate_downloads=2)
    assert run("winter/images").status == "completed"
    assert provider.counters()["created"] == 3


@pytest.mark.parametrize("action", ["drop", "503", "truncate", "redirect:https://example.org/picture.png"])
def test_downloads_outlive_faults_or_refuse_foreign_hosts(provider, cards, run, action):
    provider.settings(request_faults=[{"match": "GET /delivery", "action": action, "times": 1}])
    job = run("winter/images", asset_ids=[str(cards[0].pk)])
    if action.startswith("redirect"):
        assert "'example.org', which is none of Replicate's hosts" in str(job.error)
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
    provider.settings(throttle={"per_second": 0.001, "burst": 1, "retry_after": 0.4})
    job = run("winter/images")
    assert job.status == "completed"
    counters = provider.counters()
    assert (counters["created"], counters["creates_too_soon"]) == (3, 0)
    assert counters["throttled"] > 0
    assert not JobStep.objects.exclude(attempts=0).exists()


def test_a_prediction_that_vanished_fails_its_step(provider, cards, run):
    provider.settings(request_faults=[{"match": r"GET /v1/predictions/\w", "action": "404"}])
    job = run("winter/images", asset_ids=[str(cards[0].pk)])
    assert "Replicate no longer has this prediction" in str(job.error)


def test_a_token_that_is_taken_away_fails_the_step_and_a_retry_re_attaches(provider, cards, post, settings):
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    begin(job)
    settings.REPLICATE_API_TOKEN = ""
    job = run_out(job.pk)
    assert "REPLICATE_API_TOKEN" in str(job.error)
    settings.REPLICATE_API_TOKEN = provider.key
    jobs.retry(job)
    assert run_out(job.pk).status == "completed"
    assert provider.counters()["created"] == 1


def test_a_model_that_nobody_knows_is_named_with_its_setting(provider, cards, run, settings):
    settings.REPLICATE_IMAGE_MODEL = "recraft-ai/recraft-v3:" + "0" * 64
    assert "set REPLICATE_IMAGE_MODEL to another one" in str(run("winter/images").error)
    assert not JobStep.objects.filter(intent_at__isnull=False).exists()


def test_a_prompt_that_got_too_long_meanwhile_is_not_bought_and_retry_takes_the_new_one(
    provider, cards, post
):
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    asset_services.update(cards[0], custom_image_prompt="x" * 1001)
    assert "at most 1000" in str(run_out(job.pk).error)
    asset_services.update(cards[0], custom_image_prompt="A flake")
    jobs.retry(job)
    assert run_out(job.pk).status == "completed"
    assert [one["input"]["prompt"] for one in provider.predictions()] == ["A flake"]


def test_a_result_that_the_model_itself_broke_off_is_fetched_twice_and_then_given_up(provider, cards, run):
    noise = io.BytesIO()
    Image.effect_noise((200, 200), 90).save(noise, "PNG")
    half = noise.getvalue()[:9000]
    uri = f"data:image/png;base64,{base64.b64encode(half).decode()}"
    replicate.create("wan-video/wan-2.2-i2v-fast", {"prompt": "x", "image": uri})
    address = f"{provider.url}/delivery/inputs/{hashlib.sha256(half).hexdigest()}"
    provider.settings(request_faults=[{"match": "GET /delivery/.*output", "action": f"redirect:{address}"}])
    job = run("winter/images", asset_ids=[str(cards[0].pk)])
    assert str(job.error).endswith("The picture is not whole. Generate it again.")
    assert JobStep.objects.get().attempts == 1
    assert provider.counters()["predictions"]["recraft-ai/recraft-v3"] == 1


def test_a_result_that_was_deleted_meanwhile_says_so(provider, cards, post):
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    begin(job)
    wait_for_the_end_of(provider)
    provider.settings(retention=0)
    assert "no longer at Replicate, which deletes it after an hour" in str(run_out(job.pk).error)


@pytest.mark.parametrize("content", [b"<html></html>", b"\x89PNG\r\n\x1a\n"])
def test_a_picture_that_cannot_be_read_makes_no_clip_and_costs_nothing(
    provider, pictures, put_file, run, content
):
    put_file("winter", pictures[0].image_name, content)
    job = run("winter/videos", asset_ids=[str(pictures[0].pk)])
    assert "The card's picture can't be read" in str(job.error)
    assert provider.counters()["created"] == 0


def test_a_picture_that_was_taken_away_makes_no_clip(provider, pictures, post):
    job = Job.objects.get(pk=post("winter/videos", asset_ids=[str(pictures[0].pk)]).json()["id"])
    bucket.remove("winter", pictures[0].image_name)
    assert "The card has no picture; generate that first." in str(run_out(job.pk).error)


# --- What goes away ----------------------------------------------------------------------------------------


def test_cancel_reaches_the_provider(provider, cards, post):
    provider.settings(latency={"image": 60})
    job = Job.objects.get(pk=post("winter/images").json()["id"])
    begin(job)
    jobs.cancel(job)
    assert run_out(job.pk).status == "cancelled"
    statuses = {one["status"] for one in provider.predictions()}
    assert statuses and statuses <= {"canceled", "aborted"}
    assert bucket.names("winter") == set()


def test_cancel_finds_what_an_unanswered_create_made(provider, cards, post):
    provider.settings(latency={"image": 60}, lose_answers=1)
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    assert look(job).external_id == ""
    jobs.cancel(job)
    assert run_out(job.pk).status == "cancelled"
    assert provider.predictions()[0]["status"] in ("canceled", "aborted")


def test_cancel_copes_with_a_prediction_that_vanished(provider, cards, post):
    provider.settings(latency={"image": 60})
    job = Job.objects.get(pk=post("winter/images").json()["id"])
    begin(job)
    provider.settings(request_faults=[{"match": "cancel", "action": "404"}])
    jobs.cancel(job)
    assert run_out(job.pk).status == "cancelled"


def test_a_card_that_goes_away_at_the_last_moment_leaves_no_file(provider, cards, post):
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    step = JobStep.objects.get()
    card = cards[0]
    begin(job)
    wait_for_the_end_of(provider)
    step.refresh_from_db()
    handler = Picture()
    prediction = replicate.get(step.external_id)
    token = lease.acquire(job.pk)
    done = handler.finish(StepRun(step, token), card, prediction)
    assert "00_snowflake.png" in bucket.names("winter")
    Asset.objects.filter(pk=card.pk).delete()
    with transaction.atomic():
        done.commit()
    assert "00_snowflake.png" not in bucket.names("winter")
    assert not AssetPrompts.objects.exists()


def test_a_card_that_is_gone_before_its_turn_is_not_bought(provider, cards, post):
    job = Job.objects.get(pk=post("winter/images").json()["id"])
    asset_services.delete(cards[0])
    assert run_out(job.pk).message == "2 of 3 images, 1 cancelled"
    assert provider.counters()["created"] == 2


def test_a_card_that_goes_away_while_it_is_drawn_cancels_its_prediction(provider, cards, post):
    provider.settings(latency={"image": 60})
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    begin(job)
    asset_services.delete(cards[0])
    run_out(job.pk)
    assert provider.predictions()[0]["status"] in ("canceled", "aborted")


def test_a_late_result_that_is_none_is_no_failure(provider, cards, post):
    provider.settings(output="html")
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    begin(job)
    wait_for_the_end_of(provider)
    asset_services.delete(cards[0])
    assert run_out(job.pk).message == "0 of 1 images, 1 cancelled"
    assert not Revision.objects.filter(cause="late_result").exists()


def test_a_late_result_goes_to_the_archive(provider, cards, post):
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    begin(job)
    wait_for_the_end_of(provider)
    asset_services.delete(cards[0])
    run_out(job.pk)
    revision = Revision.objects.get(cause="late_result")
    archive.restore(revision.files["00_snowflake.png"], "winter", "00_snowflake.png")
    with Image.open(path_of("00_snowflake.png")) as picture:
        picture.load()


def test_a_universe_that_goes_away_drops_what_was_asked_for_it(provider, universe, post):
    job = Job.objects.get(pk=post("winter/all", theme="sea").json()["id"])
    universes.delete(universe)
    assert run_out(job.pk).message == "0 of 1 steps, 1 cancelled"
    assert provider.counters()["created"] == 0


def test_a_runner_that_died_after_the_create_is_followed_by_one_that_re_attaches(provider, universe, cards):
    job = services.start_images(universe)
    begin(job)
    assert run_out(job.pk).status == "completed"
    assert provider.counters()["created"] == 3
