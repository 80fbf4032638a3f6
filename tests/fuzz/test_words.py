"""Whatever a language model answers is read without a crash, and gives names that a card may have."""

import json

from hypothesis import given
from hypothesis import strategies as st

from generation import kinds, parsing, questions
from universes.models import LANGUAGES, Asset, AssetPrompts, Universe, UniversePrompts

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(
            st.one_of(
                st.sampled_from([*LANGUAGES, "French", "fr-FR", "lyrics", "concepts"]), st.text(max_size=8)
            ),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=25,
)
PIECES = st.sampled_from(
    ["{", "}", "[", "]", '"', "'", ",", ":", "```json\n", "```", "\\", "\\u", "fr", "\n", "<|x|>"]
)
ANSWERS = st.one_of(
    st.text(max_size=300),
    st.lists(PIECES, max_size=40).map("".join),
    JSON.map(json.dumps),
    st.tuples(JSON.map(json.dumps), st.integers(0, 300)).map(
        lambda pair: f"Sure!\n```json\n{pair[0][: pair[1]]}"
    ),
    st.tuples(JSON.map(str), st.text(max_size=20)).map("".join),
)


def is_storable(text):
    """No NUL, no half of a surrogate pair: what every database takes."""
    return "\0" not in text and text.encode("utf-8", "strict") is not None


@given(ANSWERS)
def test_any_answer_gives_names_or_none(answer):
    for names in parsing.concepts(answer):
        assert names and set(names) <= set(LANGUAGES)
        assert all(0 < len(name) <= parsing.NAME_LENGTH and is_storable(name) for name in names.values())


@given(ANSWERS, st.lists(st.sampled_from(LANGUAGES), min_size=1, unique=True))
def test_any_answer_gives_songs_or_none(answer, languages):
    found, style = parsing.songs(answer, languages)
    assert set(found) <= set(languages)
    assert all(song.strip() and is_storable(song) for song in found.values())
    assert is_storable(style)


@given(ANSWERS, st.integers(1, 6), st.lists(st.sampled_from(LANGUAGES), min_size=1, unique=True))
def test_any_answer_gives_as_many_as_were_asked_for_or_none(answer, count, languages):
    lines = parsing.lines(answer, count)
    assert lines is None or len(lines) == count
    assert all(len(names) == count for names in parsing.names(answer, languages, count).values())


@given(ANSWERS, ANSWERS)
def test_a_task_that_takes_any_answer_can_always_ask_again(first, second):
    task = questions.Concepts("winter", 3)
    for answer in (first, second):
        task.add(answer)
        assert len(task.have) <= 3
        assert all(set(names) == set(LANGUAGES) for names in task.have)
    if task.missing:
        assert f"Name exactly {3 - len(task.have)} different" in task.prompt()


CONCEPTS = st.dictionaries(
    st.sampled_from(LANGUAGES), st.sampled_from(["chat", "hibou", "neige", "ours", "lune"])
)


@given(st.lists(CONCEPTS, max_size=8))
def test_names_in_clean_json_are_all_found(rows):
    found = parsing.concepts(json.dumps({"concepts": rows}, ensure_ascii=False))
    assert found == [row for row in rows if row]


TEXT = st.one_of(
    st.none(), st.text(max_size=80), st.just("A {concept}, {concept}!"), st.just("{0} {x} %s {}")
)


@given(st.text(min_size=1, max_size=50), TEXT, TEXT)
def test_a_prompt_is_never_empty_and_takes_braces_as_they_are(name, image, video):
    universe = Universe(name="Winter", slug="winter")
    universe.prompts = UniversePrompts(default_image_prompt=image, default_video_prompt=video)
    card = Asset(universe=universe, display_name=name, image_name="00_x.png")
    card.prompts = AssetPrompts()
    for given_text, made in ((image, kinds.PICTURES.prompt(card)), (video, kinds.CLIPS.prompt(card))):
        if (given_text or "").strip():
            assert made == given_text.strip().replace("{concept}", name).strip()
        else:
            assert name.strip() in made
