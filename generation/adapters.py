"""The inputs of AI models: one Adapter per model; any other model's is made from its published schema.

Fields, ranges and limits are those of the models' published schemas (https://replicate.com/{model}/api/schema).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from storage.messages import Message, Text
from storage.messages import gettext as _

from . import schemas
from .errors import CannotGenerate, Unknown
from .schemas import Schema

LLM, IMAGE, VIDEO, MUSIC = (
    "REPLICATE_LLM_MODEL",
    "REPLICATE_IMAGE_MODEL",
    "REPLICATE_VIDEO_MODEL",
    "REPLICATE_MUSIC_MODEL",
)
SETTINGS = (LLM, IMAGE, VIDEO, MUSIC)
# The least and the most characters; None for no limit.
Limits = tuple[int, int | None]
NO_LIMIT: Limits = (0, None)


def as_image(address: str) -> dict[str, Any]:
    return {"image": address}


@dataclass(frozen=True)
class Adapter:
    """One model. `build(prompt, **rest)` makes its input; `prompt` and `lyrics` are (least, most) characters.

    What `rest` is goes by the kind: `system` for LLM, nothing for IMAGE, `seed` for VIDEO, `lyrics` for MUSIC.
    `picture(address)`: the part of the input that holds the picture which a clip starts from.
    `other_names`: under which it is tried when Replicate does not know the configured one.
    """

    setting: str
    build: Callable[..., dict[str, Any]]
    prompt: Limits = NO_LIMIT
    lyrics: Limits = NO_LIMIT
    other_names: tuple[str, ...] = ()
    picture: Callable[[str], dict[str, Any]] = as_image

    def check(self, *, prompt: str = "", lyrics: str = "", label: Text = "") -> None:
        """Raise CannotGenerate for a text that the model would refuse, with the limit in the sentence."""
        self.check_prompt(prompt, label)
        _check_length(lyrics, self.lyrics, "lyrics", label)

    def check_prompt(self, prompt: str, label: Text) -> None:
        """The same for the prompt alone."""
        _check_length(prompt, self.prompt, "prompt", label)

    def whole_input(self) -> dict[str, Any]:
        """An input such as it gets, files included; its texts and addresses are examples."""
        examples: dict[str, dict[str, Any]] = {
            LLM: {"system": "text"}, VIDEO: {"seed": 1}, MUSIC: {"lyrics": "text"}
        }  # fmt: skip
        picture = self.picture("https://example.org/picture.png") if self.setting == VIDEO else {}
        return self.build("text", **examples.get(self.setting, {})) | picture


# The sentences on a prompt, and on lyrics, that are too short or too long.
SENTENCES = {
    "prompt": (
        _("The prompt of %(label)s has %(number)s characters; the model needs at least %(least)s."),
        _("The prompt of %(label)s has %(number)s characters; the model takes at most %(most)s. Shorten it."),
    ),
    "lyrics": (
        _("The lyrics of %(label)s have %(number)s characters; the model needs at least %(least)s."),
        _(
            "The lyrics of %(label)s have %(number)s characters; the model takes at most %(most)s. Shorten it."
        ),
    ),
}


def _check_length(text: str, limits: Limits, what: str, label: Text) -> None:
    (least, most), (too_short, too_long) = limits, SENTENCES[what]
    words = {"label": label, "number": len(text), "least": least, "most": most}
    if len(text) < least:
        raise CannotGenerate(too_short % words)
    if most is not None and len(text) > most:
        raise CannotGenerate(too_long % words)


# --- Models that were tried here ----------------------------------------------------------------------------

# The model's context of 8,192 tokens holds both; 50 concepts in five languages take about 3,000.
LLM_TOKENS = 4096
# Two characters per token is what the wordiest of our languages stay above.
LLM_QUESTION = (1, 8000)


def _llama(prompt: str, system: str = "") -> dict[str, Any]:
    """Llama 3's chat format, since the model's own template is bare.

    https://www.llama.com/docs/model-cards-and-prompt-formats/meta-llama-3/
    """
    turns = [("system", system), ("user", prompt)]
    chat = "".join(
        f"<|start_header_id|>{role}<|end_header_id|>\n\n{text}<|eot_id|>" for role, text in turns if text
    )
    return {
        "prompt": f"<|begin_of_text|>{chat}<|start_header_id|>assistant<|end_header_id|>\n\n",
        "prompt_template": "{prompt}",
        "max_tokens": LLM_TOKENS,
        "temperature": 0.7,
        # Asked for lists of like things, it must be free to repeat itself.
        "presence_penalty": 0,
        "frequency_penalty": 0,
    }


def _recraft(prompt: str) -> dict[str, Any]:
    return {"prompt": prompt, "size": "1024x1024", "style": "digital_illustration"}


def _wan(prompt: str, seed: int) -> dict[str, Any]:
    """Only what every published version of the model takes; their other fields differ."""
    return {"prompt": prompt, "seed": seed}


def _wan_fast(prompt: str, seed: int) -> dict[str, Any]:
    return {
        "prompt": prompt,
        "seed": seed,
        "num_frames": 81,
        "frames_per_second": 16,
        "resolution": "480p",
        "go_fast": True,
    }


def _music(prompt: str, lyrics: str) -> dict[str, Any]:
    return {"prompt": prompt, "lyrics": lyrics}


def _music_by_reference(prompt: str, lyrics: str) -> dict[str, Any]:
    """It has no field for a style: that comes from the reference track."""
    track = settings.REPLICATE_MUSIC_REFERENCE
    return {"lyrics": lyrics} | ({"song_file": track} if track else {})


WAN_21 = Adapter(VIDEO, _wan, other_names=("wavespeedai/wan-2.1-i2v-480p",))

ADAPTERS = {
    "meta/meta-llama-3-70b-instruct": Adapter(LLM, _llama, prompt=LLM_QUESTION),
    # https://www.recraft.ai/docs: 1000 characters up to V3.
    "recraft-ai/recraft-v3": Adapter(IMAGE, _recraft, prompt=(1, 1000)),
    "wan-video/wan-2.1-i2v-480p": WAN_21,
    "wavespeedai/wan-2.1-i2v-480p": WAN_21,
    "wan-video/wan-2.2-i2v-fast": Adapter(VIDEO, _wan_fast),
    "minimax/music-1.5": Adapter(MUSIC, _music, prompt=(10, 300), lyrics=(10, 600)),
    "minimax/music-01": Adapter(MUSIC, _music_by_reference, lyrics=(1, 400)),
}
NO_STYLE_FIELD = "minimax/music-01"


def model(setting: str) -> str:
    """The configured model as owner/name or owner/name:version. `setting`: LLM, IMAGE, VIDEO or MUSIC."""
    return str(getattr(settings, setting))


def base_name(model: str) -> str:
    return model.partition(":")[0]


def adapter(setting: str, name: str = "") -> Adapter:
    """The Adapter of the configured model, or of another one (`name`) in its place.

    For a model that is not among ours it is made from the schema that the model publishes: ProviderErrors when
    that can't be read. CannotGenerate for a model of another kind, and for one that offers no fitting field.
    """
    name = name or model(setting)
    found = ADAPTERS.get(base_name(name))
    if found and found.setting != setting:
        raise CannotGenerate(
            _("%(setting)s names a model of another kind, '%(name)s'; use %(known)s.")
            % {"setting": setting, "name": name, "known": ", ".join(known(setting))}
        )
    return found or from_schema(_schema(name, setting), setting)


def _schema(name: str, setting: str) -> Schema:
    try:
        return schemas.of(name)
    except Unknown:
        raise CannotGenerate(
            _("Replicate knows no model '%(name)s'; set %(setting)s to another one.")
            % {"name": name, "setting": setting}
        ) from None


def known(setting: str) -> list[str]:
    return [name for name, one in ADAPTERS.items() if one.setting == setting]


def other_names(model: str) -> list[str]:
    """Under which names a model that Replicate does not know by this one is tried next."""
    one = ADAPTERS.get(base_name(model))
    return [name for name in one.other_names if name != base_name(model)] if one else []


def is_known(model: str) -> bool:
    """True when it is among our adapters, of whichever kind."""
    return base_name(model) in ADAPTERS


# --- Other models, by what their schemas call their fields --------------------------------------------------

PROMPT = (
    "prompt",
    "text",
    "text_prompt",
    "prompt_text",
    "input_text",
    "instruction",
    "message",
    "description",
)
SYSTEM = ("system_prompt", "system", "system_message", "system_instruction")
ANSWER_LENGTH = ("max_tokens", "max_new_tokens", "max_output_tokens", "max_completion_tokens", "max_length")
PICTURE = (
    "image",
    "start_image",
    "first_frame_image",
    "first_frame",
    "input_image",
    "image_url",
    "init_image",
    "img",
    "image_input",
    "images",
)
LYRICS = ("lyrics", "lyric", "song_lyrics", "lyrics_text")
STYLE = (*PROMPT, "style", "style_prompt", "tags", "caption", "genre_description", "genre")
LARGEST_SEED = 2**31 - 1
ANSWER_TOKENS = 4096
# Asked for where a model's enumerations list it; otherwise its own default stands.
WISHES: dict[str, dict[str, str]] = {
    LLM: {},
    IMAGE: {"aspect_ratio": "1:1", "size": "1024x1024", "output_format": "png"},
    VIDEO: {},
    MUSIC: {"audio_format": "mp3", "output_format": "mp3", "format": "mp3"},
}


def from_schema(schema: Schema, setting: str) -> Adapter:
    """The Adapter of a model of this kind by its Schema.

    CannotGenerate when it offers no field for what must be sent, or requires one that nothing here can fill.
    """
    made = {LLM: _llm_by_schema, IMAGE: _image_by_schema, VIDEO: _video_by_schema, MUSIC: _music_by_schema}[
        setting
    ](schema)
    sent = made.whole_input()
    for name in schema.required:
        if name not in sent and "default" not in schema.properties[name]:
            raise CannotGenerate(
                _(
                    "'%(model)s' requires the field '%(name)s', which nothing here can fill; set "
                    "%(setting)s to another model."
                )
                % {"model": schema.model, "name": name, "setting": setting}
            )
    return made


def _llm_by_schema(schema: Schema) -> Adapter:
    question = _field(schema, LLM, PROMPT, _("the question"))
    instruction = schema.first(SYSTEM, ("string",))
    length = schema.first(ANSWER_LENGTH, ("integer",))
    fixed = {length: schema.nearest(length, ANSWER_TOKENS)} if length else {}

    def build(prompt: str, system: str = "") -> dict[str, Any]:
        if instruction:
            return {instruction: system, question: prompt, **fixed}
        return {question: f"{system}\n\n{prompt}".strip(), **fixed}

    return Adapter(LLM, build, prompt=schema.lengths(question))


def _image_by_schema(schema: Schema) -> Adapter:
    subject = _field(schema, IMAGE, PROMPT, _("the prompt"))
    fixed = _wishes(schema, IMAGE)

    def build(prompt: str) -> dict[str, Any]:
        return {subject: prompt, **fixed}

    return Adapter(IMAGE, build, prompt=schema.lengths(subject))


def _video_by_schema(schema: Schema) -> Adapter:
    picture = _field(schema, VIDEO, PICTURE, _("the picture that a clip starts from"), ("string", "array"))
    listed = schema.properties[picture]["type"] == "array"
    movement = schema.first(PROMPT, ("string",))
    seeded = schema.first(("seed",), ("integer",))

    def build(prompt: str, seed: int) -> dict[str, Any]:
        number = {seeded: seed % (schema.nearest(seeded, LARGEST_SEED) + 1)} if seeded else {}
        return {**({movement: prompt} if movement else {}), **number}

    return Adapter(
        VIDEO,
        build,
        prompt=_lengths(schema, movement),
        picture=lambda address: {picture: [address] if listed else address},
    )


def _music_by_schema(schema: Schema) -> Adapter:
    words = _field(schema, MUSIC, LYRICS, _("the lyrics"))
    style = schema.first(STYLE, ("string",))
    fixed = _wishes(schema, MUSIC)

    def build(prompt: str, lyrics: str) -> dict[str, Any]:
        return {**({style: prompt} if style else {}), words: lyrics, **fixed}

    return Adapter(MUSIC, build, prompt=_lengths(schema, style), lyrics=schema.lengths(words))


def _field(
    schema: Schema, setting: str, names: tuple[str, ...], what: Message, types: tuple[str, ...] = ("string",)
) -> str:
    if name := schema.first(names, types):
        return name
    raise CannotGenerate(
        _(
            "'%(model)s' has no field for %(what)s that is known here, such as '%(example)s'; set "
            "%(setting)s to another model."
        )
        % {"model": schema.model, "what": what, "example": names[0], "setting": setting}
    )


def _lengths(schema: Schema, name: str | None) -> Limits:
    return schema.lengths(name) if name else NO_LIMIT


def _wishes(schema: Schema, setting: str) -> dict[str, str]:
    return {
        name: value
        for name, value in WISHES[setting].items()
        if value in schema.properties.get(name, {}).get("enum", [])
    }


BY_SCHEMA = {LLM: _llm_by_schema, IMAGE: _image_by_schema, VIDEO: _video_by_schema, MUSIC: _music_by_schema}
