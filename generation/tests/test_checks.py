"""What the start says about the configured models, and the limits that hold before anything is asked."""

import pytest
from django.core.checks import run_checks

from generation import adapters, llm
from generation.errors import CannotGenerate
from generation.questions import MOST_CHARACTERS, MOST_LINES, Concepts, Lines, Songs
from universes.models import LANGUAGES


def found():
    return [message for message in run_checks() if message.id.startswith("generation.")]


def test_the_defaults_are_known():
    assert found() == []


@pytest.mark.parametrize("setting", [adapters.LLM, adapters.IMAGE, adapters.VIDEO, adapters.MUSIC])
def test_an_unlisted_model_is_a_warning_that_names_the_setting_and_those_that_were_tried(settings, setting):
    setattr(settings, setting, "somebody/something")
    (warning,) = found()
    assert warning.id == "generation.W002"
    assert setting in warning.msg
    assert "asked for its schema when first used" in warning.msg
    assert adapters.known(setting)[0] in warning.hint


def test_a_model_of_another_kind_is_an_error(settings):
    settings.REPLICATE_IMAGE_MODEL = "minimax/music-1.5"
    (error,) = found()
    assert error.id == "generation.E001"
    assert "of another kind" in error.msg
    assert "recraft-ai/recraft-v3" in error.hint
    with pytest.raises(CannotGenerate, match="REPLICATE_IMAGE_MODEL"):
        adapters.adapter(adapters.IMAGE)


def test_a_pinned_version_is_known(settings):
    settings.REPLICATE_VIDEO_MODEL = "wan-video/wan-2.2-i2v-fast:" + "4" * 64
    assert found() == []


def test_a_model_without_a_style_is_a_warning_that_says_what_to_do(settings):
    settings.REPLICATE_MUSIC_MODEL = "minimax/music-01"
    (warning,) = found()
    assert warning.id == "generation.W001"
    assert "no reference track" in warning.msg
    assert "REPLICATE_MUSIC_REFERENCE" in warning.hint
    settings.REPLICATE_MUSIC_REFERENCE = "https://example.org/track.mp3"
    (warning,) = found()
    assert "all sound like the reference track" in warning.msg


def test_a_public_address_that_this_installation_does_not_answer_to_is_a_warning(settings):
    settings.PUBLIC_URL = "https://studio.example"
    (warning,) = found()
    assert warning.id == "generation.W003"
    assert "'studio.example'" in warning.msg
    settings.ALLOWED_HOSTS = [".example"]
    assert found() == []


def test_a_question_that_the_language_model_could_not_hold_is_refused_with_the_limit():
    with pytest.raises(CannotGenerate, match="has 8001 characters; the model takes at most 8000"):
        adapters.adapter(adapters.LLM).check(prompt="x" * 8001, label="the question")


@pytest.mark.parametrize(
    "task",
    [
        Concepts("t" * 300, 50, have=[dict.fromkeys(LANGUAGES, "n" * 60)] * 49),
        Songs("t" * 300, ["n" * 500] * 100, list(LANGUAGES), 600),
        Lines(["l" * MOST_CHARACTERS], "fr", "de"),
        Lines(["l" * (MOST_CHARACTERS // MOST_LINES)] * MOST_LINES, "fr", "de"),
    ],
    ids=lambda task: type(task).__name__,
)
def test_the_longest_questions_fit_into_the_language_models_context(task):
    assert llm.inputs(task.prompt())
