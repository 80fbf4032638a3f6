"""The models of the sandbox's Replicate, with the inputs of their public schemas.

Sources: the ``/versions/<id>/api`` pages of https://replicate.com/meta/meta-llama-3-70b-instruct,
https://replicate.com/recraft-ai/recraft-v3, https://replicate.com/wavespeedai/wan-2.1-i2v-480p,
https://replicate.com/wan-video/wan-2.2-i2v-fast, https://replicate.com/minimax/music-01 and
https://replicate.com/minimax/music-1.5.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True)
class Model:
    owner: str
    name: str
    kind: str  # "llm", "image", "video" or "music"
    properties: dict[str, Schema]
    required: tuple[str, ...] = ()
    version: str = ""
    output: Schema = field(default_factory=lambda: {"type": "string", "format": "uri", "title": "Output"})

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def version_id(self) -> str:
        return self.version or hashlib.sha256(self.full_name.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """The model as ``GET /v1/models/{owner}/{name}`` shows it."""
        given = {
            "type": "object",
            "title": "Input",
            "properties": self.properties,
            "required": list(self.required),
        }
        schema = {"openapi": "3.1.0", "components": {"schemas": {"Input": given, "Output": self.output}}}
        version = {"id": self.version_id, "created_at": "2025-01-01T00:00:00.000Z", "cog_version": "0.14.0"}
        return {
            "owner": self.owner,
            "name": self.name,
            "url": f"https://replicate.com/{self.full_name}",
            "description": "A stand-in that makes drafts.",
            "visibility": "public",
            "github_url": None,
            "paper_url": None,
            "license_url": None,
            "cover_image_url": None,
            "run_count": 0,
            "default_example": None,
            "latest_version": version | {"openapi_schema": schema},
        }


def _text(default: str | None = None, **more: Any) -> Schema:
    return {"type": "string"} | ({} if default is None else {"default": default}) | more


def _uri() -> Schema:
    return {"type": "string", "format": "uri"}


def _whole(low: int | None = None, high: int | None = None, default: int | None = None) -> Schema:
    return _bounded("integer", low, high, default)


def _number(low: float | None = None, high: float | None = None, default: float | None = None) -> Schema:
    return _bounded("number", low, high, default)


def _bounded(kind: str, low: Any, high: Any, default: Any) -> Schema:
    bounds = {"minimum": low, "maximum": high, "default": default}
    return {"type": kind} | {key: value for key, value in bounds.items() if value is not None}


def _flag(default: bool) -> Schema:
    return {"type": "boolean", "default": default}


def _choice(default: Any, *others: Any) -> Schema:
    kind = "integer" if isinstance(default, int) else "string"
    return {"type": kind, "enum": [default, *others], "default": default}


LLAMA = Model(
    "meta",
    "meta-llama-3-70b-instruct",
    "llm",
    {
        "prompt": _text(""),
        "min_tokens": _whole(0, default=0),
        "max_tokens": _whole(1, default=512),
        "temperature": _number(0, default=0.6),
        "top_p": _number(0, 1, 0.9),
        "top_k": _whole(0, default=50),
        "presence_penalty": _number(default=1.15),
        "frequency_penalty": _number(default=0.2),
        "prompt_template": _text("{prompt}"),
    },
    version="fbfb20b472b2f3bdd101412a9f70a0ed4fc0ced78a77ff00970ee7a2383c575d",
    output={"type": "array", "items": {"type": "string"}, "x-cog-array-type": "iterator", "title": "Output"},
)

_SIZES = """1365x1024 1024x1365 1536x1024 1024x1536 1820x1024
1024x1820 1024x2048 2048x1024 1434x1024 1024x1434 1024x1280 1280x1024 1024x1707 1707x1024"""
_RATIOS = "1:1 4:3 3:4 3:2 2:3 16:9 9:16 1:2 2:1 7:5 5:7 4:5 5:4 3:5 5:3"
_STYLES = """realistic_image digital_illustration digital_illustration/pixel_art
digital_illustration/hand_drawn
digital_illustration/grain digital_illustration/infantile_sketch digital_illustration/2d_art_poster
digital_illustration/handmade_3d digital_illustration/hand_drawn_outline digital_illustration/engraving_color
digital_illustration/2d_art_poster_2 realistic_image/b_and_w realistic_image/hard_flash realistic_image/hdr
realistic_image/natural_light
realistic_image/studio_portrait realistic_image/enterprise realistic_image/motion_blur"""

RECRAFT = Model(
    "recraft-ai",
    "recraft-v3",
    "image",
    {
        "prompt": _text(maxLength=1000),
        "size": _choice("1024x1024", *_SIZES.split()),
        "aspect_ratio": _choice("Not set", *_RATIOS.split()),
        "style": _choice("any", *_STYLES.split()),
    },
    ("prompt",),
)

WAN_21 = Model(
    "wavespeedai",
    "wan-2.1-i2v-480p",
    "video",
    {
        "image": _uri(),
        "prompt": _text(),
        "aspect_ratio": _choice("16:9", "9:16"),
        "fast_mode": _choice("Balanced", "Off", "Fast"),
        "sample_steps": _whole(1, 40, 30),
        "sample_guide_scale": _number(1, 10, 5),
        "sample_shift": _number(0, 10, 3),
        "negative_prompt": _text(""),
        "seed": _whole(),
        "lora_weights": _text(),
        "lora_scale": _number(0, 4, 1),
        "disable_safety_checker": _flag(False),
    },
    ("image", "prompt"),
)

WAN_22 = Model(
    "wan-video",
    "wan-2.2-i2v-fast",
    "video",
    {
        "image": _uri(),
        "prompt": _text(),
        "last_image": _uri(),
        "num_frames": _whole(81, 121, 81),
        "resolution": _choice("480p", "720p"),
        "frames_per_second": _whole(5, 30, 16),
        "interpolate_output": _flag(False),
        "go_fast": _flag(True),
        "sample_shift": _number(1, 20, 12),
        "seed": _whole(),
        "disable_safety_checker": _flag(False),
        "lora_weights_transformer": _text(),
        "lora_scale_transformer": _number(default=1),
        "lora_weights_transformer_2": _text(),
        "lora_scale_transformer_2": _number(default=1),
    },
    ("image", "prompt"),
    version="4eaf2b01d3bf70d8a2e00b219efeb7cb415855ad18b7dacdc4cae664a73a6eea",
)

_SOUND = {
    "sample_rate": _choice(44100, 16000, 24000, 32000),
    "bitrate": _choice(256000, 32000, 64000, 128000),
}

MUSIC_01 = Model(
    "minimax",
    "music-01",
    "music",
    {
        "lyrics": _text("", maxLength=400),
        "song_file": _uri(),
        "voice_file": _uri(),
        "instrumental_file": _uri(),
        "voice_id": _text(),
        "instrumental_id": _text(),
        **_SOUND,
    },
)

MUSIC_15 = Model(
    "minimax",
    "music-1.5",
    "music",
    {
        "prompt": _text(minLength=10, maxLength=300),
        "lyrics": _text(minLength=10, maxLength=600),
        "audio_format": _choice("mp3", "wav", "pcm"),
        **_SOUND,
    },
    ("prompt", "lyrics"),
)

MODELS = {model.full_name: model for model in (LLAMA, RECRAFT, WAN_21, WAN_22, MUSIC_01, MUSIC_15)}


def find(reference: str) -> Model | None:
    """The model of ``owner/name``, ``owner/name:id`` or a bare version id."""
    name, _, version = reference.partition(":")
    if model := MODELS.get(name):
        return model if version in ("", model.version_id) else None
    return next((model for model in MODELS.values() if model.version_id == reference), None)


def problems(model: Model, given: dict[str, Any]) -> list[str]:
    """The faults of an input, one line each, in the words of Replicate's 422."""
    missing = [f"- input: {name} is required" for name in model.required if name not in given]
    unknown = [
        f"- input: Additional property {name} is not allowed"
        for name in given
        if name not in model.properties
    ]
    wrong = [
        f"- input.{name}: {text}"
        for name, value in given.items()
        if name in model.properties and (text := _problem(value, model.properties[name]))
    ]
    return missing + unknown + wrong


_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


def _problem(value: Any, schema: Schema) -> str | None:
    kind = schema["type"]
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return f"Invalid type. Expected: {kind}, given: {_given(value)}"
    if "enum" in schema and value not in schema["enum"]:
        return "must be one of the following: " + ", ".join(json.dumps(choice) for choice in schema["enum"])
    return _beyond_limits(value, schema)


def _beyond_limits(value: Any, schema: Schema) -> str | None:
    size = len(value) if isinstance(value, str) else value
    low, high = schema.get("minimum", schema.get("minLength")), schema.get("maximum", schema.get("maxLength"))
    if isinstance(value, str):
        if low is not None and size < low:
            return f"String length must be greater than or equal to {low}"
        return (
            f"String length must be less than or equal to {high}"
            if high is not None and size > high
            else None
        )
    if low is not None and size < low:
        return f"Must be greater than or equal to {low}"
    return f"Must be less than or equal to {high}" if high is not None and size > high else None


def _given(value: Any) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")
