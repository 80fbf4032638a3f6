"""Concepts, lyrics and translations over HTTP."""

import json
import re

import pytest

from generation import llm
from generation.models import Charge
from generation.tests.answers import COLUMNS, NOTHING, PARTLY, WHOLE
from universes.models import LANGUAGES, Asset, MusicPrompt, Revision

pytestmark = pytest.mark.django_db

SIX_CONCEPTS = {"theme": "les animaux de la mer", "count": 6}


def one(name):
    return {language: f"{name} {language}" for language in LANGUAGES}


@pytest.mark.parametrize("style", ["clean", "fenced", "prose"])
def test_concepts_come_in_all_five_languages_with_one_call(provider, universe, post, style):
    provider.settings(llm_style=style)
    answer = post("winter/concepts", **SIX_CONCEPTS, language="en")
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["concepts", "translations"]
    assert set(body["translations"]) == set(LANGUAGES)
    assert all(len(names) == 6 for names in body["translations"].values())
    assert body["concepts"] == body["translations"]["en"]
    assert len(set(body["concepts"])) == 6
    assert provider.counters()["created"] == 1
    assert not Asset.objects.exists()


def test_concepts_are_ten_in_french_unless_told_otherwise(provider, universe, post):
    body = post("winter/concepts", theme="hiver").json()
    assert len(body["concepts"]) == 10
    assert body["concepts"] == body["translations"]["fr"]


def test_fifty_concepts_fit_into_one_answer(provider, universe, post):
    assert len(post("winter/concepts", theme="nature", count=50).json()["concepts"]) == 50
    assert provider.counters()["created"] == 1


def test_what_is_missing_is_asked_for_once_more_and_then_refused(provider, universe, post):
    provider.settings(llm_style="too_few")
    answer = post("winter/concepts", **SIX_CONCEPTS)
    assert answer.status_code == 502
    assert "left out 2 of 6 concepts" in answer.json()["detail"]
    assert provider.counters()["created"] == 2
    assert "Name exactly 3 different" in provider.predictions()[1]["input"]["prompt"]


@pytest.fixture
def impatient(monkeypatch):
    """Asks every few milliseconds whether the model has answered."""
    monkeypatch.setattr(llm, "FIRST_PAUSE", 0.03)


def two_concepts(provider, post, text):
    provider.settings(llm_style=text)
    return post("winter/concepts", theme="winter", count=2)


# The parser's own tests take them all; here every other one is enough.
OVER_HTTP = dict(list(WHOLE.items())[::2])
NOT_WHOLE = PARTLY | dict(list(NOTHING.items())[::2])


@pytest.mark.parametrize("text", OVER_HTTP.values(), ids=OVER_HTTP)
def test_whatever_shape_an_answer_has_the_names_come_in_all_languages(
    provider, impatient, universe, post, text
):
    answer = two_concepts(provider, post, text)
    assert answer.status_code == 200
    assert answer.json() == {"concepts": COLUMNS["fr"], "translations": COLUMNS}
    assert provider.counters()["created"] == 1


@pytest.mark.parametrize("text", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_what_stays_incomplete_is_a_502_that_says_so_and_nothing_is_stored(
    provider, impatient, universe, post, text
):
    answer = two_concepts(provider, post, text)
    assert answer.status_code == 502
    assert "of 2 concepts with names in all five languages, even when asked again" in answer.json()["detail"]
    assert provider.counters()["created"] == 2
    assert not Asset.objects.exists()


@pytest.mark.parametrize("style", ["missing_language", "I am sorry, I cannot.", ""])
def test_an_answer_that_stays_unusable_is_a_502(provider, universe, post, style):
    provider.settings(llm_style=style)
    answer = post("winter/concepts", **SIX_CONCEPTS)
    assert answer.status_code == 502
    assert "6 of 6 concepts" in answer.json()["detail"]


def test_what_a_model_repeats_counts_once(provider, universe, post):
    provider.settings(llm_style=json.dumps([one("Élan"), one("elan"), one("ours")]))
    assert post("winter/concepts", theme="forêt", count=2).json()["concepts"] == ["Élan fr", "ours fr"]


def test_a_model_that_fails_is_a_502_with_its_reason(provider, universe, post):
    provider.settings(fail_next=1)
    answer = post("winter/concepts", **SIX_CONCEPTS)
    assert answer.status_code == 502
    assert answer.json()["detail"] == "The model failed: The sandbox was told to fail."


def test_a_model_that_does_not_answer_in_time_is_a_502_and_cancelled(provider, universe, post, monkeypatch):
    provider.settings(latency={"llm": 60})
    monkeypatch.setattr(llm, "DEADLINE_SECONDS", 0.5)
    answer = post("winter/concepts", **SIX_CONCEPTS)
    assert answer.status_code == 502
    assert "did not answer within" in answer.json()["detail"]
    assert provider.predictions()[0]["status"] in ("canceled", "aborted")


def test_a_provider_that_is_throttled_for_too_long_is_a_503_that_says_so(
    provider, universe, post, monkeypatch
):
    provider.settings(throttle={"per_second": 0.001, "burst": 1, "retry_after": 30})
    assert post("winter/concepts", **SIX_CONCEPTS).status_code == 200
    monkeypatch.setattr(llm, "DEADLINE_SECONDS", 3)
    answer = post("winter/concepts", **SIX_CONCEPTS)
    assert answer.status_code == 503
    assert "slow down" in answer.json()["detail"]
    assert answer["Retry-After"] == "30"
    assert Charge.objects.count() == 1


LONG = {"text": "\n".join(f"Zeile {n}" for n in range(150)), "source": "de", "target": "en"}


def test_a_throttle_in_the_middle_is_waited_for_and_no_answer_is_paid_in_vain(provider, db, post):
    provider.settings(throttle={"per_second": 0.001, "burst": 1, "retry_after": 0.3})
    assert post("translate-text", **LONG).status_code == 200
    counters = provider.counters()
    assert (counters["created"], counters["creates_too_soon"]) == (3, 0)
    assert counters["throttled"] > 0


@pytest.mark.parametrize("action", ["502", "drop", "429"])
def test_a_look_that_goes_wrong_is_taken_again(provider, impatient, db, post, action):
    provider.settings(
        latency={"llm": 0.2}, request_faults=[{"match": "GET /v1/pred", "action": action, "times": 1}]
    )
    assert post("translate-text", **LONG).status_code == 200
    assert provider.counters()["created"] == 3


def test_looks_that_stay_wrong_end_with_the_deadline(provider, universe, post, monkeypatch):
    monkeypatch.setattr(llm, "DEADLINE_SECONDS", 0.5)
    provider.settings(latency={"llm": 60}, request_faults=[{"match": "GET /v1/pred", "action": "503"}])
    answer = post("winter/concepts", **SIX_CONCEPTS)
    assert answer.status_code == 502
    assert provider.predictions()[0]["status"] in ("canceled", "aborted")


def test_what_is_still_at_work_when_another_part_fails_is_cancelled_and_settled(provider, db, post):
    later = {"match": "POST /v1/predictions$", "action": "400", "skip": 2}
    provider.settings(latency={"llm": 60}, request_faults=[later])
    assert post("translate-text", **LONG).status_code == 502
    statuses = [one["status"] for one in provider.predictions()]
    assert len(statuses) == 2
    assert set(statuses) <= {"canceled", "aborted"}
    billed = {"aborted": "free", "canceled": "spent"}
    booked = sorted(Charge.objects.values_list("status", flat=True))
    assert booked == sorted(billed[status] for status in statuses)


def test_no_request_has_more_at_work_than_the_provider_is_to_have(provider, impatient, db, post, settings):
    settings.REPLICATE_CONCURRENCY = 1
    provider.settings(latency={"llm": 0.1})
    assert post("translate-text", **LONG).status_code == 200
    assert provider.counters()["max_running_at_once"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "theme"),
        ({"theme": ""}, "theme"),
        ({"theme": "  "}, "theme"),
        ({"theme": "x" * 301}, "theme"),
        ({"theme": 7}, "theme"),
        ({"theme": "x", "count": 0}, "count"),
        ({"theme": "x", "count": 51}, "count"),
        ({"theme": "x", "count": "many"}, "count"),
        ({"theme": "x", "language": "pt"}, "language"),
    ],
)
def test_bad_concepts_bodies_are_422_and_name_the_field(universe, post, body, field):
    answer = post("winter/concepts", **body)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]


def test_apply_takes_the_answer_of_concepts(provider, universe, post, api, cards):
    concepts = post("winter/concepts", **SIX_CONCEPTS).json()
    answer = post("winter/concepts/apply", **concepts)
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "message": "6 assets created in 'winter'.", "asset_count": 6}
    assets = api.get("/api/universes/winter/assets").json()
    assert [asset["display_name"] for asset in assets] == concepts["concepts"]
    assert [asset["sort_order"] for asset in assets] == [1, 2, 3, 4, 5, 6]
    assert [asset["image_name"][:3] for asset in assets] == ["00_", "01_", "02_", "03_", "04_", "05_"]
    first = api.get(f"/api/universes/winter/assets/{assets[0]['id']}").json()
    assert {t["language"]: t["display_name"] for t in first["translations"]} == {
        language: names[0] for language, names in concepts["translations"].items()
    }
    assert Revision.objects.get().cause == "apply_concepts"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"concepts": []},
        {"concepts": None},
        {"concepts": ["a", ""]},
        {"concepts": "ab"},
        {"concepts": ["a"], "translations": {"fr": []}},
        {"concepts": ["a"], "translations": {"fr": ["a", "b"]}},
        {"concepts": ["a"], "translations": {"pt": ["a"]}},
        {"concepts": ["a"], "translations": {"fr": "a"}},
        {"concepts": ["a"], "translations": {"fr": [None]}},
        {"concepts": ["a"], "translations": ["fr"]},
    ],
)
def test_an_apply_that_fails_validation_changes_nothing(cards, post, body):
    assert post("winter/concepts/apply", **body).status_code == 422
    assert Asset.objects.count() == 3
    assert not Revision.objects.exists()


@pytest.mark.parametrize("translations", [{}, None, {"fr": ["A", "B"]}])
def test_apply_needs_no_translations(universe, post, translations):
    answer = post("winter/concepts/apply", concepts=["a", "b"], translations=translations)
    assert answer.json()["asset_count"] == 2


LYRICS = "[verse]\nLe hibou vole,\n\n[chorus]\nLa lune brille\n"


def test_lyrics_keep_their_lines_tags_and_blanks(provider, universe, post):
    answer = post("winter/lyrics/en", lyrics=LYRICS)
    assert answer.status_code == 200
    lines = answer.json()["lyrics"].split("\n")
    assert [lines[i] for i in (0, 2, 3, 5)] == ["[verse]", "", "[chorus]", ""]
    assert all(lines[i].startswith("[en] ") for i in (1, 4))
    assert not MusicPrompt.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        "La lune\r\n\r\nbrille\r\n",
        "  La lune\n\t- le hibou  \n",
        "[verse] La lune\n[chorus 2]\n## \nbrille",
        "\n\n♪ ♪\n1 2 3\nLa lune",
    ],
)
def test_breaks_blanks_and_marks_stay_where_they_are(provider, db, post, text):
    answer = post("translate-text", text=text, source="fr", target="en").json()["translated"]
    kept = re.compile(r"\[(?:verse|chorus 2)\]|\s+|[♪#\d-]+")
    assert answer != text
    assert kept.findall(answer.replace("[en] ", "")) == kept.findall(text)


def test_lyrics_are_french_already(universe, post):
    assert post("winter/lyrics/fr", lyrics=LYRICS).json() == {"lyrics": LYRICS}


def test_lyrics_refuse_what_they_cannot_take(universe, post):
    assert post("winter/lyrics/pt", lyrics=LYRICS).status_code == 404
    assert post("winter/lyrics/en").status_code == 422
    assert post("winter/lyrics/en", lyrics="").status_code == 422
    assert post("winter/lyrics/en", lyrics="x" * 20001).status_code == 422


def test_a_text_is_translated_between_any_two_languages(provider, db, post):
    answer = post("translate-text", text="Schneeflocke\nEule", source="de", target="it")
    assert answer.status_code == 200
    assert answer.json()["translated"].split("\n")[1] == "gufo"
    prompt = provider.predictions()[0]["input"]["prompt"]
    assert "from German to Italian, line by line" in prompt


def test_a_long_text_is_translated_in_parts_at_once(provider, db, post):
    text = "\n".join(f"Zeile {n} vom Winterwald und vom Schnee" for n in range(200)) + "\n" + "Wort " * 2000
    translated = post("translate-text", text=text, source="de", target="en").json()["translated"]
    assert translated.count("\n") == text.count("\n")
    assert "Zeile 199" in translated
    assert translated.split("\n")[-1].count("Wort") == 2000
    assert 4 <= provider.counters()["created"] <= 12


@pytest.mark.parametrize(
    "body", [{"source": "pt"}, {"target": None}, {"text": ""}, {"text": "x" * 20001}, {"text": 5}]
)
def test_a_translation_that_fails_validation_is_422(db, post, body):
    assert (
        post("translate-text", **{"text": "Eule", "source": "de", "target": "en"} | body).status_code == 422
    )


def test_lines_that_get_lost_twice_are_a_502(provider, db, post):
    provider.settings(llm_style='{"lines": ["only one"]}')
    answer = post("translate-text", text="eins\nzwei", source="de", target="en")
    assert answer.status_code == 502
    assert "all 2 lines in English" in answer.json()["detail"]


WORDS = [
    ("winter/concepts", {"theme": "x"}),
    ("winter/lyrics/en", {"lyrics": "La neige"}),
    ("translate-text", {"text": "Eule", "source": "de", "target": "en"}),
]


@pytest.mark.parametrize(("path", "body"), WORDS)
def test_words_without_a_token_are_503_and_name_the_variable(universe, post, path, body):
    answer = post(path, **body)
    assert answer.status_code == 503
    assert "REPLICATE_API_TOKEN" in answer.json()["detail"]


@pytest.mark.parametrize(("path", "body"), WORDS)
def test_words_with_a_wrong_token_are_503_and_do_not_show_it(provider, settings, universe, post, path, body):
    settings.REPLICATE_API_TOKEN = "r8_wrong"
    answer = post(path, **body)
    assert answer.status_code == 503
    assert "REPLICATE_API_TOKEN" in answer.json()["detail"]
    assert "r8_wrong" not in answer.content.decode()


@pytest.mark.parametrize(("path", "body"), WORDS)
def test_words_of_a_provider_that_is_down_are_503(universe, settings, post, path, body, unused_address):
    settings.REPLICATE_API_TOKEN = "r8_token"
    settings.REPLICATE_BASE_URL = unused_address
    answer = post(path, **body)
    assert answer.status_code == 503
    assert "cannot be reached" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["concepts", "concepts/apply", "lyrics/en", "images", "videos", "music", "all"]
)
def test_an_unknown_universe_is_a_404_before_all_else(db, post, path):
    answer = post(f"nowhere/{path}", asset_ids="nonsense")
    assert answer.status_code == 404
    assert "not found" in answer.json()["detail"]
