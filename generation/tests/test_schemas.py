"""Models that are not among ours: what is made of their schemas, and what is refused before it is paid for."""

import pytest

from generation import adapters, schemas
from generation.adapters import IMAGE, LLM, MUSIC, VIDEO
from generation.errors import CannotGenerate, Unknown
from generation.schemas import Schema
from jobs.models import Job

TEXT, URI, WHOLE = {"type": "string"}, {"type": "string", "format": "uri"}, {"type": "integer"}


def made(setting, properties, required=()):
    return adapters.from_schema(Schema("new/model", properties, list(required)), setting)


@pytest.mark.parametrize(
    ("setting", "properties", "sent"),
    [
        (LLM, {"prompt": TEXT}, {"prompt": "S\n\nP"}),
        (
            LLM,
            {"prompt": TEXT, "system_prompt": TEXT, "max_tokens": WHOLE | {"maximum": 1000}},
            {"prompt": "P", "system_prompt": "S", "max_tokens": 1000},
        ),
        (LLM, {"message": TEXT, "max_new_tokens": WHOLE}, {"message": "S\n\nP", "max_new_tokens": 4096}),
        (IMAGE, {"prompt": TEXT, "width": WHOLE}, {"prompt": "P"}),
        (
            IMAGE,
            {
                "text": TEXT,
                "aspect_ratio": TEXT | {"enum": ["16:9", "1:1"]},
                "output_format": TEXT | {"enum": ["webp"]},
            },
            {"text": "P", "aspect_ratio": "1:1"},
        ),
        (VIDEO, {"image": URI, "prompt": TEXT}, {"prompt": "P", "image": "A"}),
        (
            VIDEO,
            {"first_frame_image": URI, "seed": WHOLE | {"maximum": 4}, "prompt": TEXT},
            {"prompt": "P", "seed": 2, "first_frame_image": "A"},
        ),
        (VIDEO, {"images": {"type": "array"}}, {"images": ["A"]}),
        (MUSIC, {"lyrics": TEXT, "tags": TEXT}, {"lyrics": "L", "tags": "P"}),
        (
            MUSIC,
            {
                "lyrics": TEXT,
                "style": TEXT | {"enum": ["pop"]},
                "audio_format": TEXT | {"enum": ["wav", "mp3"]},
            },
            {"lyrics": "L", "audio_format": "mp3"},
        ),
    ],
)
def test_fields_are_found_by_their_usual_names(setting, properties, sent):
    adapter = made(setting, properties)
    rest = {LLM: {"system": "S"}, VIDEO: {"seed": 7}, MUSIC: {"lyrics": "L"}}.get(setting, {})
    picture = adapter.picture("A") if setting == VIDEO else {}
    assert adapter.build("P", **rest) | picture == sent


@pytest.mark.parametrize(
    ("setting", "properties", "required", "sentence"),
    [
        (LLM, {"image": URI}, (), "has no field for the question"),
        (IMAGE, {"prompt": URI | {"type": "integer"}}, (), "has no field for the prompt"),
        (VIDEO, {"prompt": TEXT}, (), "has no field for the picture that a clip starts from"),
        (MUSIC, {"prompt": TEXT}, (), "has no field for the lyrics"),
        (IMAGE, {"prompt": TEXT, "mask": URI}, ("prompt", "mask"), "requires the field 'mask'"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_in_one_sentence(setting, properties, required, sentence):
    with pytest.raises(CannotGenerate) as caught:
        made(setting, properties, required)
    assert sentence in str(caught.value)
    assert f"set {setting} to another model" in str(caught.value)


def test_what_is_required_but_has_a_default_need_not_be_sent():
    made(IMAGE, {"prompt": TEXT, "steps": WHOLE | {"default": 4}}, ["prompt", "steps"])


def test_limits_are_those_of_the_schema():
    adapter = made(MUSIC, {"prompt": TEXT | {"maxLength": 5}, "lyrics": TEXT | {"minLength": 3}})
    assert (adapter.prompt, adapter.lyrics) == ((0, 5), (3, None))
    with pytest.raises(CannotGenerate, match="has 6 characters; the model takes at most 5"):
        adapter.check(prompt="x" * 6, lyrics="abc")


def test_references_and_nullable_fields_are_resolved():
    choices = {"type": "string", "enum": ["1:1"]}
    given = {"allOf": [{"$ref": "#/components/schemas/aspect_ratio"}], "default": "1:1"}
    assert schemas.resolved(given, {"aspect_ratio": choices}) == given | choices
    assert schemas.resolved({"anyOf": [{"type": "integer"}, {"type": "null"}]}, {})["type"] == "integer"


# --- Against the provider ----------------------------------------------------------------------------------


@pytest.fixture
def unlist(monkeypatch):
    """Lets a model of the sandbox pass for one that we don't know."""
    return lambda name: monkeypatch.delitem(adapters.ADAPTERS, name)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "setting", "path"),
    [
        ("recraft-ai/recraft-v3", IMAGE, "winter/images"),
        ("wan-video/wan-2.2-i2v-fast", VIDEO, "winter/videos"),
        ("minimax/music-1.5", MUSIC, "winter/music"),
    ],
)
def test_an_unlisted_model_is_used_by_its_schema(
    provider, settings, unlist, pictures, songs, run, name, setting, path
):
    unlist(name)
    setattr(settings, setting, name)
    settings.SPEND_LIMIT_MONTHLY = None
    body = {"asset_ids": [str(pictures[0].pk)], "regenerate": True} if "music" not in path else {}
    assert run(path, **body).status == "completed"
    assert provider.counters()["by_path"][f"GET /v1/models/{name}"] == 1


@pytest.mark.django_db
def test_an_unlisted_language_model_is_used_by_its_schema(provider, unlist, universe, post):
    unlist("meta/meta-llama-3-70b-instruct")
    assert len(post("winter/concepts", theme="sea", count=3).json()["concepts"]) == 3
    assert provider.predictions()[0]["input"]["max_tokens"] == 4096


@pytest.mark.django_db(transaction=True)
def test_the_limit_of_an_unlisted_model_is_checked_before_paying(provider, unlist, songs, post):
    unlist("minimax/music-1.5")
    songs[0].lyrics = "la " * 300
    songs[0].save()
    answer = post("winter/music")
    assert answer.status_code == 400
    assert "the model takes at most 600" in answer.json()["detail"]
    assert provider.counters()["created"] == 0
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nobody/nothing", "Replicate knows no model 'nobody/nothing'; set REPLICATE_VIDEO_MODEL"),
        ("minimax/music-01", "names a model of another kind"),
    ],
)
def test_a_model_that_cannot_be_used_is_400_before_paying(provider, settings, pictures, post, name, sentence):
    settings.REPLICATE_VIDEO_MODEL = name
    answer = post("winter/videos")
    assert answer.status_code == 400
    assert sentence in answer.json()["detail"]
    assert provider.counters()["created"] == 0


def test_a_pinned_version_has_its_own_schema(provider):
    version = "4eaf2b01d3bf70d8a2e00b219efeb7cb415855ad18b7dacdc4cae664a73a6eea"
    schema = schemas.read(f"wan-video/wan-2.2-i2v-fast:{version}")
    assert schema.required == ["image", "prompt"]
    with pytest.raises(Unknown):
        schemas.read("wan-video/wan-2.2-i2v-fast:" + "0" * 64)
