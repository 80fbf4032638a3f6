"""The four kinds of models, each named by its setting, and what an adapter of any of them is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy

from .errors import CannotGenerate

LLM, IMAGE, VIDEO, MUSIC = (
    "REPLICATE_LLM_MODEL",
    "REPLICATE_IMAGE_MODEL",
    "REPLICATE_VIDEO_MODEL",
    "REPLICATE_MUSIC_MODEL",
)
NO_LIMIT = (0, None)


def as_image(address):
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
    prompt: tuple[int, int | None] = NO_LIMIT
    lyrics: tuple[int, int | None] = NO_LIMIT
    other_names: tuple[str, ...] = ()
    picture: Callable[[str], dict[str, Any]] = as_image

    def check(self, *, prompt="", lyrics="", label=""):
        """Raise CannotGenerate for a text that the model would refuse, with the limit in the sentence."""
        self.check_prompt(prompt, label)
        _check_length(lyrics, self.lyrics, "lyrics", label)

    def check_prompt(self, prompt: str, label: str) -> None:
        """The same for the prompt alone."""
        _check_length(prompt, self.prompt, "prompt", label)

    def whole_input(self):
        """An input such as it gets, files included; its texts and addresses are examples."""
        rest = {LLM: {"system": "text"}, VIDEO: {"seed": 1}, MUSIC: {"lyrics": "text"}}.get(self.setting, {})
        picture = self.picture("https://example.org/picture.png") if self.setting == VIDEO else {}
        return self.build("text", **rest) | picture


# What is said of a prompt, and of lyrics, that are too short or too long.
SENTENCES = {
    "prompt": (
        gettext_lazy(
            "The prompt of %(label)s has %(number)s characters; the model needs at least %(least)s."
        ),
        gettext_lazy(
            "The prompt of %(label)s has %(number)s characters; the model takes at most %(most)s. Shorten it."
        ),
    ),
    "lyrics": (
        gettext_lazy(
            "The lyrics of %(label)s have %(number)s characters; the model needs at least %(least)s."
        ),
        gettext_lazy(
            "The lyrics of %(label)s have %(number)s characters; the model takes at most %(most)s. Shorten it."
        ),
    ),
}


def _check_length(text, limits, what, label):
    (least, most), (too_short, too_long) = limits, SENTENCES[what]
    words = {"label": label, "number": len(text), "least": least, "most": most}
    if len(text) < least:
        raise CannotGenerate(too_short % words)
    if most is not None and len(text) > most:
        raise CannotGenerate(too_long % words)
