"""What each AI model takes and gives. One Adapter per model; a model without one is not used.

Fields, ranges and limits are those of the models' published schemas (https://replicate.com/{model}/api/schema).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from .errors import CannotGenerate

LLM, IMAGE, VIDEO, MUSIC = (
    "REPLICATE_LLM_MODEL",
    "REPLICATE_IMAGE_MODEL",
    "REPLICATE_VIDEO_MODEL",
    "REPLICATE_MUSIC_MODEL",
)
NO_LIMIT = (0, None)
# The model's context of 8,192 tokens holds the question too; 50 concepts in five languages take about 3,000.
LLM_TOKENS = 4096


@dataclass(frozen=True)
class Adapter:
    """One model. `build(prompt, **rest)` makes its input; `prompt` and `lyrics` are (least, most) characters.

    A clip's picture goes into the field `image`, whichever the model.
    `other_names`: under which it is tried when Replicate does not know the configured one.
    """

    setting: str
    build: Callable[..., dict[str, Any]]
    prompt: tuple[int, int | None] = NO_LIMIT
    lyrics: tuple[int, int | None] = NO_LIMIT
    other_names: tuple[str, ...] = ()

    def check(self, *, prompt="", lyrics="", label=""):
        """Raise CannotGenerate for a text that the model would refuse, with the limit in the sentence."""
        _check_length(prompt, self.prompt, "prompt", label)
        _check_length(lyrics, self.lyrics, "lyrics", label)


def _check_length(text, limits, what, label):
    least, most = limits
    of = f"The {what} of {label}" if label else f"The {what}"
    verb = "have" if what == "lyrics" else "has"
    if len(text) < least:
        raise CannotGenerate(f"{of} {verb} {len(text)} characters; the model needs at least {least}.")
    if most is not None and len(text) > most:
        raise CannotGenerate(
            f"{of} {verb} {len(text)} characters; the model takes at most {most}. Shorten it."
        )


def _llama(prompt, system=""):
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


def _recraft(prompt):
    return {"prompt": prompt, "size": "1024x1024", "style": "digital_illustration"}


def _wan(prompt, seed):
    """Only what every published version of the model takes; their other fields differ."""
    return {"prompt": prompt, "seed": seed}


def _wan_fast(prompt, seed):
    return {
        "prompt": prompt,
        "seed": seed,
        "num_frames": 81,
        "frames_per_second": 16,
        "resolution": "480p",
        "go_fast": True,
    }


def _music(prompt, lyrics):
    return {"prompt": prompt, "lyrics": lyrics}


def _music_by_reference(prompt, lyrics):
    """It has no field for a style: that comes from the reference track."""
    track = settings.REPLICATE_MUSIC_REFERENCE
    return {"lyrics": lyrics} | ({"song_file": track} if track else {})


WAN_21 = Adapter(VIDEO, _wan, other_names=("wavespeedai/wan-2.1-i2v-480p",))

ADAPTERS = {
    "meta/meta-llama-3-70b-instruct": Adapter(LLM, _llama),
    # https://www.recraft.ai/docs: 1000 characters up to V3.
    "recraft-ai/recraft-v3": Adapter(IMAGE, _recraft, prompt=(1, 1000)),
    "wan-video/wan-2.1-i2v-480p": WAN_21,
    "wavespeedai/wan-2.1-i2v-480p": WAN_21,
    "wan-video/wan-2.2-i2v-fast": Adapter(VIDEO, _wan_fast),
    "minimax/music-1.5": Adapter(MUSIC, _music, prompt=(10, 300), lyrics=(10, 600)),
    "minimax/music-01": Adapter(MUSIC, _music_by_reference, lyrics=(1, 400)),
}
NO_STYLE_FIELD = "minimax/music-01"


def model(setting):
    """The configured model as owner/name or owner/name:version. `setting`: LLM, IMAGE, VIDEO or MUSIC."""
    return getattr(settings, setting)


def base_name(model):
    return model.partition(":")[0]


def adapter(setting):
    """The Adapter of the configured model; CannotGenerate when it has none of this kind."""
    found = ADAPTERS.get(base_name(model(setting)))
    if not found or found.setting != setting:
        raise CannotGenerate(
            f"{setting} names a model that is not known here; use {', '.join(known(setting))}."
        )
    return found


def known(setting):
    return [name for name, one in ADAPTERS.items() if one.setting == setting]


def other_names(model):
    """Under which names a model that Replicate does not know by this one is tried next."""
    one = ADAPTERS.get(base_name(model))
    return [name for name in one.other_names if name != base_name(model)] if one else []


def text_of(output):
    """What a language model said: its output is a list of tokens, or a text."""
    return "".join(str(token) for token in output) if isinstance(output, list) else str(output or "")


def address_of(output):
    """The one address of a media model's output, None when there is none."""
    first = output[0] if isinstance(output, list) and output else output
    return first if isinstance(first, str) and first.startswith(("https://", "http://")) else None
