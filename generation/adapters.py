"""What each AI model takes and gives. One Adapter per model; any other model's is made from its published schema.

Fields, ranges and limits are those of the models' published schemas (https://replicate.com/{model}/api/schema).
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from . import schemas, unlisted
from .errors import CannotGenerate, Unknown
from .kinds import IMAGE, LLM, MUSIC, VIDEO, Adapter

# The model's context of 8,192 tokens holds both; 50 concepts in five languages take about 3,000.
LLM_TOKENS = 4096
# Two characters per token is what the wordiest of our languages stay above.
LLM_QUESTION = (1, 8000)


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


def model(setting):
    """The configured model as owner/name or owner/name:version. `setting`: LLM, IMAGE, VIDEO or MUSIC."""
    return getattr(settings, setting)


def base_name(model):
    return model.partition(":")[0]


def adapter(setting, name=""):
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
    return found or unlisted.adapter(_schema(name, setting), setting)


def _schema(name, setting):
    try:
        return schemas.of(name)
    except Unknown:
        raise CannotGenerate(
            _("Replicate knows no model '%(name)s'; set %(setting)s to another one.")
            % {"name": name, "setting": setting}
        ) from None


def known(setting):
    return [name for name, one in ADAPTERS.items() if one.setting == setting]


def other_names(model):
    """Under which names a model that Replicate does not know by this one is tried next."""
    one = ADAPTERS.get(base_name(model))
    return [name for name in one.other_names if name != base_name(model)] if one else []


def is_known(model):
    """Whether it is among our adapters, of whichever kind."""
    return base_name(model) in ADAPTERS


# Where models put what they say that answer with an object.
SPOKEN = (
    "text",
    "output",
    "response",
    "answer",
    "content",
    "message",
    "completion",
    "generated_text",
    "result",
)


def text_of(output: Any) -> str:
    """A language model's text; its output is a list of tokens, a text, an object with one, or JSON itself."""
    return _spoken(output).replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _spoken(output: Any) -> str:
    if isinstance(output, list):
        return "".join(map(_spoken, output)) if all(_is_token(one) for one in output) else _as_json(output)
    if isinstance(output, dict):
        said = next((output[key] for key in SPOKEN if isinstance(output.get(key), str)), None)
        return _as_json(output) if said is None else said
    return output if isinstance(output, str) else str(output or "")


def _is_token(one: Any) -> bool:
    return not isinstance(one, dict | list) or any(isinstance(one.get(key), str) for key in SPOKEN)


def _as_json(output: Any) -> str:
    try:
        return json.dumps(output, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


# Words in the keys and file names of a kind's outputs, where a model delivers several things at once.
SIGNS = {
    IMAGE: re.compile(r"image|picture|img|\.(?:png|jpe?g|webp|avif|gif|heic)\b", re.IGNORECASE),
    VIDEO: re.compile(r"video|clip|movie|\.(?:mp4|mov|webm|mkv|avi|m4v)\b", re.IGNORECASE),
    MUSIC: re.compile(r"audio|song|music|track|\.(?:mp3|wav|ogg|flac|m4a|aac|opus)\b", re.IGNORECASE),
}
MOST_LEVELS, MOST_ADDRESSES = 10, 100


def address_of(output: Any, setting: str = "") -> str | None:
    """The address of what a media model made, `https:`, `http:` or `data:`; None when its output has none.

    It may lie in lists and objects, beside others: the first wins whose key or file name says that it is of this
    setting's kind.
    """
    found = list(islice(_addresses(output, ""), MOST_ADDRESSES))
    sign = SIGNS.get(setting)
    likely = (address for where, address in found if sign and sign.search(where))
    return next(likely, found[0][1] if found else None)


def _addresses(output: Any, key: str, level: int = 0) -> Iterator[tuple[str, str]]:
    """`(its key and file name, address)` of all that a model's output names."""
    if isinstance(output, str) and output[:8].lower().startswith(("https://", "http://", "data:")):
        # A data URI's beginning says of which type it is.
        yield f"{key} {output[:40] if output[:5].lower() == 'data:' else _file_name(output)}", output
    elif isinstance(output, dict) and level < MOST_LEVELS:
        for name, inner in output.items():
            yield from _addresses(inner, f"{key} {name}", level + 1)
    elif isinstance(output, list) and level < MOST_LEVELS:
        for inner in output:
            yield from _addresses(inner, key, level + 1)


def _file_name(address: str) -> str:
    return address.partition("?")[0].rpartition("/")[2][-100:]


def is_file(value: Any) -> bool:
    """Whether a value of an input is the address of a file."""
    return isinstance(value, str) and value.startswith(("https://", "http://"))
