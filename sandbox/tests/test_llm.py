import json

import pytest

from sandbox.llm import answer, tokens

CONCEPTS = """You are kind.
Theme: la mer
Name exactly 6 different things that belong to this theme.
Answer with JSON in exactly this form:
{"concepts": [{"fr": "flocon", "en": "snowflake", "es": "copo", "it": "fiocco", "de": "Flocke"}]}<|eot_id|>"""
SONGS = """Theme: mer
Write a song that names some of these:
<text>
loup, chat
</text>
Answer with JSON in exactly this form:
{"lyrics": {"fr": "…", "de": "…"}, "style": "…"}"""
LINES = """Translate these lines from French to English, line by line.
<text>
%s
</text>
Answer with JSON in exactly this form:
{"lines": ["…"]}"""
MANY = 10_000


def said(prompt, style="clean"):
    return "".join(answer(prompt, style, MANY))


def test_concepts_have_names_in_five_languages():
    concepts = json.loads(said(CONCEPTS))["concepts"]
    assert len(concepts) == 6
    assert concepts[0] == {"fr": "poisson", "en": "fish", "es": "pez", "it": "pesce", "de": "Fisch"}


def test_excluded_names_do_not_come_again():
    assert "poisson" not in said(CONCEPTS.replace("Answer", "Name none of these: poisson, dauphin\nAnswer"))


def test_lyrics_are_short_songs_in_sections():
    lyrics = json.loads(said(SONGS))["lyrics"]
    assert set(lyrics) == {"fr", "de"}
    assert all(100 <= len(song) <= 500 and "[chorus]" in song for song in lyrics.values())
    assert "Wolf" in lyrics["de"]


def test_a_translation_has_as_many_lines_as_the_text():
    text = "[verse]\nle loup\n\nchat noir\n"
    lines = json.loads(said(LINES % text))["lines"]
    assert lines == ["[verse]", "[en] le wolf", "", "black cat", ""]


@pytest.mark.parametrize("style", ["fenced", "prose"])
def test_messy_answers_hold_the_whole_json(style):
    text = said(CONCEPTS, style)
    assert not text.startswith("{")
    assert len(json.loads(text[text.index("{") : text.rindex("}") + 1])["concepts"]) == 6


def test_spoiled_answers_lack_something():
    assert len(json.loads(said(CONCEPTS, "too_few"))["concepts"]) == 3
    assert "it" not in json.loads(said(CONCEPTS, "missing_language"))["concepts"][0]
    with pytest.raises(json.JSONDecodeError):
        json.loads(said(CONCEPTS, "truncated"))


def test_any_other_style_is_the_answer():
    assert said(CONCEPTS, "I cannot do that.") == "I cannot do that."


def test_max_tokens_cuts_the_answer():
    assert len(answer(CONCEPTS.replace("6 ", "50 "), "clean", 512)) == 512
    assert "".join(tokens("Été, [x]\n\n  œuf")) == "Été, [x]\n\n  œuf"
