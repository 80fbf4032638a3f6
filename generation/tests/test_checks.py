"""What the start says about the configured models."""

import pytest
from django.core.checks import run_checks

from generation import adapters
from generation.errors import CannotGenerate


def found():
    return [message for message in run_checks() if message.id.startswith("generation.")]


def test_the_defaults_are_known():
    assert found() == []


@pytest.mark.parametrize("setting", [adapters.LLM, adapters.IMAGE, adapters.VIDEO, adapters.MUSIC])
def test_an_unknown_model_is_an_error_that_names_the_setting_and_the_known_ones(settings, setting):
    setattr(settings, setting, "somebody/something")
    (error,) = found()
    assert error.id == "generation.E001"
    assert setting in error.msg
    assert adapters.known(setting)[0] in error.hint
    with pytest.raises(CannotGenerate, match=setting):
        adapters.adapter(setting)


def test_a_model_of_another_kind_is_an_error_too(settings):
    settings.REPLICATE_IMAGE_MODEL = "minimax/music-1.5"
    assert [error.id for error in found()] == ["generation.E001"]


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
