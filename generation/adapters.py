"""What each AI model takes and gives. One Adapter per model; any other model's is made from its published schema.

Fields, ranges and limits are those of the models' published schemas (https://replicate.com/{model}/api/schema).
"""

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


def text_of(output):
    """What a language model said: its output is a list of tokens, or a text."""
    return "".join(str(token) for token in output) if isinstance(output, list) else str(output or "")


def address_of(output):
    """The one address of a media model's output, None when there is none."""
    first = output[0] if isinstance(output, list) and output else output
    return first if isinstance(first, str) and first.startswith(("https://", "http://")) else None
