"""What a universe lacks: told with few statements, priced, and made in one job."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from generation import estimates, kinds, services
from generation.tests.helpers import run_out
from jobs.models import Job
from storage import bucket
from universes.errors import Invalid
from universes.models import LANGUAGES, Asset, AssetTranslation, MusicPrompt

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def prices(settings):
    settings.MODEL_PRICES = {
        settings.REPLICATE_LLM_MODEL: Decimal("0.01"),
        settings.REPLICATE_VIDEO_MODEL: Decimal("0.5"),
        settings.REPLICATE_MUSIC_MODEL: Decimal("0.1"),
    }


@pytest.fixture
def half_done(cards, songs, put_file, picture):
    """Three cards, two pictures, one clip; lyrics in French and English, one song; one name."""
    for card in cards[:2]:
        put_file("winter", card.image_name, picture)
    put_file("winter", "00_snowflake.mp4")
    put_file("winter", "fr.mp3")
    AssetTranslation.objects.create(asset=cards[0], language="de", display_name="Schneeflocke")
    return cards


def test_gaps_are_told(half_done, universe):
    found = kinds.lacking(universe)
    flake, penguin, sledge = (card.pk for card in half_done)
    assert (flake, "de") not in found["names"] and (flake, "it") in found["names"]
    assert len(found["names"]) == 14
    assert found["pictures"] == [sledge]
    assert found["clips"] == [penguin, sledge]
    assert found["lyrics"] == ["es", "it", "de"]
    assert found["songs"] == ["en", "es", "it", "de"]


def test_gaps_of_many_cards_take_three_statements(universe, make_asset):
    for number in range(12):
        make_asset(f"Owl {number}", translations={"de": "Eule"})
    # What the bucket's index takes is not of the cards.
    kinds.lacking(universe)
    with CaptureQueriesContext(
        connection,
    ) as statements:
        kinds.lacking(type(universe).objects.get(pk=universe.pk))
    read = [one["sql"] for one in statements if "univers" in one["sql"]]
    assert len(read) <= 4, read


def test_a_dry_run_tells_numbers_and_costs_and_does_nothing(provider, half_done, post):
    body = post("winter/gaps", dry_run=True).json()
    assert body == {
        "type": "estimate",
        "kinds": [
            {"kind": "names", "number": 14, "cost": 0.01},
            {"kind": "pictures", "number": 1, "cost": 0.04},
            {"kind": "clips", "number": 2, "cost": 1.0},
            {"kind": "lyrics", "number": 3, "cost": 0.03},
            {"kind": "songs", "number": 4, "cost": 0.4},
        ],
        "total": 1.48,
        "left_out": [],
    }
    assert not Job.objects.exists()
    assert provider.counters()["created"] == 0


def test_a_price_that_nobody_knows_leaves_the_total_unknown(half_done, universe, settings):
    settings.MODEL_PRICES = {}
    found = estimates.gaps(universe, ["pictures", "clips"])
    assert found.kinds == {
        "pictures": estimates.GapEstimate(1, Decimal("0.04")),
        "clips": estimates.GapEstimate(2, None),
    }
    assert found.total is None


def test_names_pictures_and_lyrics_are_filled_and_nothing_else_is_bought(provider, half_done, run, universe):
    job = run("winter/gaps", kinds=["names", "pictures", "lyrics"])
    assert (job.status, job.message, job.estimated_cost) == ("completed", "5 of 5 steps", Decimal("0.08"))
    assert provider.counters()["created"] == 5
    found = kinds.lacking(type(universe).objects.get())
    assert [kind for kind, missing in found.items() if missing] == ["clips", "songs"]


@pytest.mark.slow
def test_just_what_is_missing_is_made_and_in_order(provider, half_done, run, universe):
    job = run("winter/gaps")
    assert (job.type, job.status, job.message) == ("fill_gaps", "completed", "11 of 11 steps")
    assert job.estimated_cost == job.cost == Decimal("1.48")
    assert provider.counters()["created"] == 11
    assert not any(found for found in kinds.lacking(type(universe).objects.get()).values())
    assert run("winter/gaps").total_steps == 0
    assert provider.counters()["created"] == 11


def test_what_cannot_be_made_is_left_out_and_said(provider, half_done, run, post):
    told = post("winter/gaps", kinds=["clips", "songs"], dry_run=True).json()["left_out"]
    job = run("winter/gaps", kinds=["clips", "songs"])
    assert job.status == "completed"
    assert told == [
        "1 clip of cards without a picture: draw these first.",
        "3 songs without lyrics (Spanish, Italian, German): write them first.",
    ]
    assert job.message == f"2 of 2 steps. Left out: {told[0]} Left out: {told[1]}"


def test_without_any_lyrics_a_theme_is_needed(provider, pictures, run, put_file):
    for language in ("es", "it", "de"):
        put_file("winter", f"{language}.mp3")
    job = run("winter/gaps", kinds=["lyrics", "songs"])
    assert (job.status, job.total_steps) == ("completed", 0)
    assert "write them in one, or give a theme" in job.message
    assert not MusicPrompt.objects.exists()
    assert run("winter/gaps", kinds=["lyrics", "songs"], theme="winter").message == "3 of 3 steps"
    assert {f"{language}.mp3" for language in LANGUAGES} <= bucket.names("winter")


def test_a_clip_waits_for_a_picture_that_another_job_draws(provider, cards, post):
    first = post("winter/images").json()["id"]
    second = post("winter/gaps", kinds=["pictures", "clips"]).json()["id"]
    assert first != second
    assert {step.key.split(":")[0] for step in Job.objects.get(pk=second).steps.all()} == {"video"}
    assert run_out(first).status == run_out(second).status == "completed"
    assert provider.counters()["created"] == 6


def test_when_a_job_is_at_all_of_it_that_one_is_the_answer(provider, cards, post):
    first = post("winter/names").json()["id"]
    assert post("winter/gaps", kinds=["names"]).json()["id"] == first


def test_a_prompt_that_the_model_refuses_is_told_before_anything_is_bought(provider, songs, post):
    MusicPrompt.objects.filter(language="fr").update(lyrics="la " * 300)
    answer = post("winter/gaps", kinds=["songs"])
    assert answer.status_code == 400
    assert "takes at most 600" in answer.json()["detail"]


def test_a_universe_without_cards_lacks_songs_alone(provider, universe, post):
    body = post("winter/gaps", dry_run=True).json()
    assert {one["kind"]: one["number"] for one in body["kinds"]}["names"] == 0
    assert not Asset.objects.exists()


@pytest.mark.parametrize(
    "body", [{"kinds": ["prompts"]}, {"kinds": []}, {"kinds": "names"}, {"dry_run": "yes"}]
)
def test_bad_bodies_are_422(universe, post, body):
    assert post("winter/gaps", **body).status_code == 422


def test_an_unknown_kind_is_no_kind(universe):
    with pytest.raises(Invalid, match="'prompts' is none of names"):
        services.start_gaps(universe, ["prompts"])
