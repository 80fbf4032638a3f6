from collections import Counter

import pytest

from sandbox.lexicon import LANGUAGES, lexicon, picture_svg
from sandbox.themes import concepts_for

PROMPT = "A single {}, cute, for children aged 3 to 6. Flat illustration on a plain pastel background."


def test_there_are_enough_words_and_none_twice_in_a_language():
    entries = lexicon().entries
    assert len(entries) >= 500
    for language in LANGUAGES:
        names = Counter(entry.names[language].lower() for entry in entries)
        assert [name for name, count in names.items() if count > 1] == []


def test_every_word_has_a_picture():
    assert all(picture_svg(entry.code).startswith("<svg") for entry in lexicon().entries[::40])


@pytest.mark.parametrize(
    ("theme", "expected"),
    [
        ("L'hiver", "snowflake"),
        ("la ferme", "cow"),
        ("Weltraum", "rocket"),
        ("il mare", "fish"),
        ("cascos", "helmet"),
    ],
)
def test_a_theme_in_any_language_gets_fitting_concepts(theme, expected):
    assert expected in [entry.english for entry in concepts_for(theme, 12)]


@pytest.mark.parametrize("count", [1, 7, 50])
@pytest.mark.parametrize("theme", ["mer", "zorglub"])
def test_a_theme_gets_exactly_as_many_distinct_concepts_as_asked(theme, count):
    assert len({entry.code for entry in concepts_for(theme, count)}) == count


def test_excluded_concepts_stay_out():
    fish = lexicon().named("poisson")
    assert fish not in concepts_for("mer", 20, {fish.code})


@pytest.mark.parametrize(
    ("concept", "english"),
    [("chat noir", "black cat"), ("Flocons de neige", "snowflake"), ("étoile", "star")],
)
def test_a_picture_prompt_is_about_its_concept(concept, english):
    assert lexicon().depicted(PROMPT.format(concept)).english == english


def test_a_prompt_without_a_known_word_depicts_nothing():
    assert lexicon().depicted(PROMPT.format("zorglub")) is None


def test_a_quoted_concept_wins_over_a_longer_one_around_it():
    assert lexicon().depicted('a polar bear next to "le loup"').english == "wolf"
