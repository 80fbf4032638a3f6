"""Names that cards lack: filled by a job, many with one question, and never over what a person wrote."""

import json

import pytest

from generation.tests.helpers import begin, run_out
from jobs.models import Job
from universes.models import LANGUAGES, Asset, AssetTranslation, Edit
from universes.services import assets

pytestmark = pytest.mark.django_db(transaction=True)
SNOWFLAKE = {"fr": "flocon de neige", "en": "snowflake"}


def names_of(card):
    return dict(card.translations.values_list("language", "display_name"))


@pytest.fixture
def flake(make_asset):
    """A card with a French and an English name."""
    return make_asset("Snowflake", translations=SNOWFLAKE)


@pytest.fixture
def start(post):
    """A job of names whose question has been put."""

    def call(**body):
        job = Job.objects.get(pk=post("winter/names", **body).json()["id"])
        begin(job)
        return job

    return call


def test_what_is_missing_is_named_with_one_question(provider, cards, flake, run):
    job = run("winter/names")
    assert (job.type, job.status, job.message) == ("generate_names", "completed", "1 of 1 steps")
    assert all(set(names_of(card)) == set(LANGUAGES) for card in [*cards, flake])
    assert SNOWFLAKE.items() <= names_of(flake).items()
    assert names_of(cards[1])["de"] == "Pinguin"
    assert provider.counters()["created"] == 1


def test_cards_and_languages_can_be_chosen(provider, cards, run):
    run("winter/names", asset_ids=[str(cards[1].pk)], languages=["de", "it"])
    assert set(names_of(cards[1])) == {"de", "it"}
    assert AssetTranslation.objects.count() == 2


def test_the_machines_names_are_in_the_history_under_nobodys_name(provider, flake, run):
    run("winter/names", languages=["de"])
    (edit,) = Edit.objects.exclude(field="")
    assert (edit.field, edit.old, edit.new, edit.author) == ("name_de", "", names_of(flake)["de"], "")


def test_nothing_missing_costs_nothing(provider, universe, make_asset, run):
    make_asset("Owl", translations=dict.fromkeys(LANGUAGES, "Owl"))
    job = run("winter/names")
    assert (job.status, job.total_steps, job.estimated_cost) == ("completed", 0, 0)
    assert provider.counters()["created"] == 0


def test_many_cards_are_asked_for_in_batches(provider, universe, make_asset, run, settings):
    for number in range(45):
        make_asset(f"Owl {number}")
    assert run("winter/names", languages=["fr"]).message == "2 of 2 steps"
    assert AssetTranslation.objects.count() == 45
    assert provider.counters()["created"] == 2


def test_a_name_that_somebody_wrote_meanwhile_stays(provider, flake, start):
    job = start()
    AssetTranslation.objects.create(asset=flake, language="es", display_name=" ")
    assets.update(flake, translations={**SNOWFLAKE, "de": "Flöckchen"}, author="lea")
    assert run_out(job.pk).status == "completed"
    assert names_of(flake)["de"] == "Flöckchen"
    assert set(names_of(flake)) == set(LANGUAGES)


def test_a_card_that_is_called_otherwise_by_now_is_asked_for_again(provider, flake, start):
    job = start(languages=["de"])
    assets.update(flake, translations={"fr": "pingouin"})
    assert run_out(job.pk).status == "completed"
    assert names_of(flake)["de"] == "Pinguin"
    assert provider.counters()["created"] == 2


def test_cards_that_go_meanwhile_are_left_alone(provider, flake, start, make_asset):
    job = start(languages=["de"])
    assets.delete(flake)
    twin = make_asset("Snowflake")
    assert twin.image_name == flake.image_name
    assert run_out(job.pk).status == "completed"
    assert names_of(twin) == {}


def test_cards_that_lose_their_only_name_meanwhile_are_not_asked_for(provider, asset, post):
    job = post("winter/names").json()["id"]
    Asset.objects.update(display_name=None)
    assert run_out(job).status == "completed"
    assert provider.counters()["created"] == 0


def test_names_that_are_left_out_are_asked_for_once_more_and_the_rest_is_kept(provider, flake, run):
    provider.settings(llm_style=json.dumps({"translations": {"de": ["Schneeflocke"], "es": [" "]}}))
    job = run("winter/names", languages=["de", "es"])
    assert (job.status, provider.counters()["created"]) == ("failed", 2)
    assert "left out 1 of 1 names, even when asked again" in str(job.error)
    assert names_of(flake) == {**SNOWFLAKE, "de": "Schneeflocke"}


@pytest.mark.parametrize(
    "answer", [{"de": ["Eins"]}, {"de": ["Eins", "Zwei", "Drei", "Vier"]}, {"pt": ["A"] * 3}]
)
def test_a_list_of_another_length_names_nobody(provider, cards, run, answer):
    provider.settings(llm_style=json.dumps({"translations": answer}))
    assert run("winter/names", languages=["de"]).status == "failed"
    assert not AssetTranslation.objects.exists()


@pytest.mark.parametrize(
    "answer",
    [
        {"translations": [{"de": "die Eule"}, {"de": "Fuchs"}, {"de": "Igel"}]},
        {"de": [{"name": "Eule"}, {"name": "Fuchs"}, {"name": "Igel"}]},
    ],
)
def test_other_shapes_are_understood(provider, cards, run, answer):
    provider.settings(llm_style=json.dumps(answer))
    assert run("winter/names", languages=["de"]).status == "completed"
    assert [names_of(card)["de"] for card in cards] == ["Eule", "Fuchs", "Igel"]


def test_a_second_call_takes_what_is_left_and_else_answers_with_the_running_job(provider, cards, post):
    one, all_three = {"asset_ids": [str(cards[0].pk)]}, {}
    first = post("winter/names", **one).json()
    second = post("winter/names", **all_three).json()
    third = post("winter/names", **all_three).json()
    assert third["id"] in (first["id"], second["id"]) and first["id"] != second["id"]
    assert Job.objects.count() == 2
    assert [run_out(job["id"]).status for job in (first, second)] == ["completed"] * 2
    assert len(provider.predictions()) == 2


def test_cards_without_any_name_are_refused_with_what_to_do(provider, asset, post):
    Asset.objects.update(display_name=None)
    answer = post("winter/names")
    assert answer.status_code == 400
    assert answer.json()["detail"] == "1 card without any name: give each one first."


@pytest.mark.parametrize("body", [{"languages": ["pt"]}, {"languages": []}, {"asset_ids": ["x"]}])
def test_bad_bodies_are_422(asset, post, body):
    assert post("winter/names", **body).status_code == 422
