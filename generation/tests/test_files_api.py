"""Starting jobs over HTTP: what is refused, in which order, and what is left alone."""

import uuid

import pytest

from generation import services
from jobs import services as jobs
from jobs.models import Job
from universes.models import MusicPrompt
from universes.services import assets as asset_services
from universes.services import universes

pytestmark = pytest.mark.django_db(transaction=True)

CARD_CALLS = ["images", "videos"]


@pytest.mark.parametrize(
    ("path", "body", "type"),
    [
        ("images", {}, "generate_images"),
        ("videos", {}, "generate_videos"),
        ("music", {}, "generate_music"),
        ("all", {"theme": "winter"}, "generate_all"),
    ],
)
def test_a_call_answers_with_a_job_and_its_id_twice(provider, pictures, songs, post, path, body, type):
    body = {"regenerate": True, **body}
    answer = post(f"winter/{path}", **body)
    assert answer.status_code == 200
    job = answer.json()
    assert job["id"] == job["job_id"]
    assert (job["type"], job["univers_slug"], job["status"]) == (type, "winter", "pending")
    assert list(job)[:4] == ["id", "job_id", "type", "univers_slug"]


@pytest.mark.parametrize("path", CARD_CALLS)
def test_the_body_may_be_absent(provider, pictures, api, path):
    assert api.post(f"/api/generate/winter/{path}").status_code == 200
    assert api.post("/api/generate/winter/music").status_code == 200


@pytest.mark.parametrize("path", CARD_CALLS)
@pytest.mark.parametrize(
    "body",
    [
        {"asset_ids": []},
        {"asset_ids": ["nonsense"]},
        {"asset_ids": [str(uuid.uuid4())]},
        {"asset_ids": "all"},
        {"regenerate": "yes"},
    ],
)
def test_bad_bodies_are_422_though_there_is_nothing_to_do(universe, post, path, body):
    assert post(f"winter/{path}", **body).status_code == 422
    assert not Job.objects.exists()


@pytest.mark.parametrize("path", CARD_CALLS)
def test_a_card_of_another_universe_is_422(cards, make_universe, make_asset, post, path):
    other = make_asset("Owl", of=make_universe("Forest"))
    answer = post(f"winter/{path}", asset_ids=[str(cards[0].pk), str(other.pk)])
    assert answer.status_code == 422
    assert str(other.pk) in answer.json()["errors"]["asset_ids"][0]


@pytest.mark.parametrize("path", CARD_CALLS)
def test_a_universe_without_cards_is_400(universe, post, path):
    answer = post(f"winter/{path}")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("No assets ")


def test_clips_without_pictures_are_400(cards, post, put_file, picture):
    put_file("winter", cards[0].image_name, picture)
    answer = post("winter/videos", asset_ids=[str(cards[1].pk)])
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("No images found ")


def test_a_style_that_the_model_refuses_is_400_before_lyrics_are_bought(provider, songs, post):
    MusicPrompt.objects.create(universe=songs[0].universe, language="de", prompt="a waltz", lyrics=None)
    answer = post("winter/music", languages=["fr", "de"])
    assert answer.status_code == 400
    assert "the song in 'de' has 7 characters" in answer.json()["detail"]
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"language": "pt"},
        {"languages": []},
        {"languages": ["fr", "pt"]},
        {"languages": "fr"},
        {"style": "too short"},
        {"style": "x" * 301},
    ],
)
def test_bad_music_bodies_are_422(songs, post, body):
    assert post("winter/music", **body).status_code == 422


@pytest.mark.parametrize("body", [{}, {"theme": " "}, {"theme": "x" * 301}, {"theme": "x", "count": 51}])
def test_bad_all_bodies_are_422(universe, post, body):
    assert post("winter/all", **body).status_code == 422


CALLS = [("images", {"regenerate": True}), ("videos", {}), ("music", {}), ("all", {"theme": "winter"})]


@pytest.mark.parametrize(("path", "body"), CALLS)
def test_without_a_token_a_call_is_503_and_makes_no_job(pictures, songs, post, path, body):
    answer = post(f"winter/{path}", **body)
    assert answer.status_code == 503
    assert "REPLICATE_API_TOKEN" in answer.json()["detail"]
    assert not Job.objects.exists()


@pytest.mark.parametrize(("path", "body"), CALLS)
def test_with_a_wrong_token_a_call_is_503(provider, settings, pictures, songs, post, path, body):
    settings.REPLICATE_API_TOKEN = "r8_wrong"
    answer = post(f"winter/{path}", **body)
    assert answer.status_code == 503
    assert "r8_wrong" not in answer.content.decode()


def test_a_provider_that_is_down_is_503(settings, cards, post, unused_address):
    settings.REPLICATE_API_TOKEN = "r8_token"
    settings.REPLICATE_BASE_URL = unused_address
    assert post("winter/images").status_code == 503


def test_what_exists_is_left_alone_and_needs_no_provider(pictures, post):
    answer = post("winter/images")
    assert answer.status_code == 200
    job = answer.json()
    assert (job["status"], job["total_steps"], job["progress"]) == ("completed", 0, 100)


def test_only_what_is_missing_is_bought(provider, cards, put_file, picture, run):
    put_file("winter", cards[1].image_name, picture)
    job = run("winter/images")
    assert job.message == "2 of 2 images"
    assert provider.counters()["created"] == 2


def test_only_the_chosen_cards_are_drawn_under_their_own_names(provider, cards, run, api):
    run("winter/images", asset_ids=[str(cards[2].pk)])
    urls = [asset["image_url"] for asset in api.get("/api/universes/winter").json()["assets"]]
    assert urls == [None, None, "/storage/buckets/univers/winter/02_sledge.png"]


def test_a_second_call_answers_with_the_running_job(provider, cards, post):
    first = post("winter/images").json()
    second = post("winter/images")
    assert second.status_code == 200
    assert second.json()["id"] == first["id"]
    assert Job.objects.count() == 1


def test_a_second_call_takes_what_is_left(provider, cards, post):
    first = post("winter/images", asset_ids=[str(cards[0].pk)]).json()
    second = post("winter/images").json()
    assert second["id"] != first["id"]
    assert second["total_steps"] == 2


def test_all_is_one_job_at_a_time(provider, universe, post):
    first = post("winter/all", theme="winter").json()
    assert post("winter/all", theme="sea").json()["id"] == first["id"]
    jobs.cancel(jobs.find(first["id"]))
    assert post("winter/all", theme="sea").json()["id"] != first["id"]


def test_a_prompt_that_is_too_long_is_refused_with_the_limit_before_anything_is_bought(provider, cards, post):
    asset_services.update(cards[1], custom_image_prompt="x" * 1001)
    answer = post("winter/images")
    assert answer.status_code == 400
    assert "'Penguin' has 1001 characters; the model takes at most 1000" in answer.json()["detail"]
    assert post("winter/images", asset_ids=[str(cards[0].pk)]).status_code == 200
    assert provider.counters()["created"] == 0


def test_lyrics_that_are_too_long_are_refused_with_the_limit(provider, songs, post):
    songs[0].lyrics = "la " * 201
    songs[0].save()
    answer = post("winter/music")
    assert answer.status_code == 400
    assert "at most 600" in answer.json()["detail"]


def test_own_prompt_over_default_over_built_in(provider, cards, universe, run):
    universes.update(universe, default_image_prompt="A {concept} made of paper, a small {concept}")
    asset_services.update(cards[1], custom_image_prompt="Three penguins")
    run("winter/images")
    universes.update(universe, default_image_prompt="  ")
    run("winter/images", asset_ids=[str(cards[2].pk)], regenerate=True)
    prompts = [prediction["input"]["prompt"] for prediction in provider.predictions()]
    assert prompts[:2] == ["A Snowflake made of paper, a small Snowflake", "Three penguins"]
    assert "Sledge" in prompts[3]
    assert "children" in prompts[3]


def test_the_stored_style_wins_over_the_one_in_the_call(provider, songs, run):
    songs[1].prompt = None
    songs[1].save()
    run("winter/music", languages=["fr", "en", "fr"], style="a fast polka")
    asked = [prediction["input"]["prompt"] for prediction in provider.predictions()]
    assert asked == ["soft lullaby with a harp", "a fast polka"]


def test_a_job_keeps_who_started_it(provider, cards):
    job = services.start_images(cards[0].universe, author="editor")
    assert job.author == "editor"
