"""`manage.py check_models`: what it says, and with which code it ends."""

import io
import json
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from generation import adapters
from generation.adapters import Adapter


def run(*options):
    """(exit code, output, error) of the command."""
    out = io.StringIO()
    try:
        call_command("check_models", *options, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return 0, out.getvalue(), ""


def test_the_default_models_fit_and_the_other_name_is_a_note(provider):
    code, out, _ = run()
    assert code == 0
    assert "account sandbox (user)" in out
    assert out.count(" fits\n") == 4
    assert "'wavespeedai/wan-2.1-i2v-480p' is used instead" in out


def test_as_json_it_has_a_place_for_everything(provider):
    code, out, _ = run("--json")
    told = json.loads(out)
    assert (code, told["account"]) == (0, "sandbox (user)")
    assert [list(one) for one in told["models"]] == [["setting", "model", "differences", "notes"]] * 4


@pytest.mark.parametrize("name", adapters.ADAPTERS)
def test_every_adapter_agrees_with_the_published_schema(provider, settings, name):
    setattr(settings, adapters.ADAPTERS[name].setting, name)
    assert run()[0] == 0


FAST = "wan-video/wan-2.2-i2v-fast"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"build": lambda p, seed: {"prompt": p, "fps": 8}}, "'fps' is sent, which the model does not list."),
        ({"build": lambda p, seed: {}}, "'prompt' is required, which is not sent."),
        (
            {"build": lambda p, seed: {"prompt": p, "num_frames": 24}},
            "'num_frames' is sent as 24, which is not within 81 to 121.",
        ),
        (
            {"build": lambda p, seed: {"prompt": p, "resolution": "8k"}},
            "'resolution' is sent as 8k, which is not among 480p, 720p.",
        ),
        ({"picture": lambda address: {"start": address}}, "'image' is required, which is not sent."),
    ],
)
def test_a_difference_is_named_and_ends_with_1(provider, settings, monkeypatch, changes, sentence):
    settings.REPLICATE_VIDEO_MODEL = FAST
    monkeypatch.setitem(adapters.ADAPTERS, FAST, replace(adapters.ADAPTERS[FAST], **changes))
    code, out, error = run()
    assert (code, error) == (1, "These do not fit: REPLICATE_VIDEO_MODEL.")
    assert sentence in out


def test_another_limit_is_a_difference(provider, monkeypatch):
    other = Adapter(
        adapters.MUSIC, lambda prompt, lyrics: {"prompt": prompt, "lyrics": lyrics}, prompt=(10, 500)
    )
    monkeypatch.setitem(adapters.ADAPTERS, "minimax/music-1.5", other)
    code, out, _ = run()
    assert code == 1
    assert "'prompt' has a maxLength of 300; here it is 500." in out
    assert "'lyrics' has a minLength of 10; here it is 0." in out


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nobody/nothing", "Replicate knows no model 'nobody/nothing'"),
        ("minimax/music-1.5", "names a model of another kind"),
        ("wan-video/wan-2.2-i2v-fast:" + "0" * 64, "Replicate knows no model"),
    ],
)
def test_a_model_that_is_none_is_a_difference(provider, settings, name, sentence):
    settings.REPLICATE_VIDEO_MODEL = name
    code, out, _ = run()
    assert code == 1
    assert sentence in out


def test_an_unlisted_model_is_compared_too(provider, monkeypatch):
    monkeypatch.delitem(adapters.ADAPTERS, "recraft-ai/recraft-v3")
    code, out, _ = run()
    assert code == 0
    assert "Not among the models that were tried here" in out


@pytest.mark.parametrize("token", ["", "r8_wrong"])
def test_without_a_token_that_is_taken_it_ends_with_2(provider, settings, token):
    settings.REPLICATE_API_TOKEN = token
    code, _, error = run()
    assert code == 2
    assert "REPLICATE_API_TOKEN" in error


def test_a_provider_that_is_down_ends_with_2(settings, unused_address):
    settings.REPLICATE_API_TOKEN = "r8_token"
    settings.REPLICATE_BASE_URL = unused_address
    assert run()[0] == 2
