"""The clip of a card, from its own picture."""

import base64
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from api.roles import GENERATE
from jobs.handlers import StepRun
from jobs.services import Step
from jobs.types import JobType
from storage import bucket, messages, transcoding
from storage.formats import Incomplete, Unfit
from storage.pictures import jpeg
from universes import media
from universes.models import Asset, Universe
from universes.names import clip_of

from .. import adapters
from ..errors import CannotGenerate
from ..file_steps import MB, CardFile, cards
from .kind import CARD, Filling, GapKind, prompt_of
from .pictures import PICTURES

BUILT_IN = (
    "{concept} comes gently to life: small, slow and happy movements, in a short loop for children aged 3 to 6. "
    "The camera stands still, the style, colours and background stay as they are. No text, no sudden changes."
)
LABEL = messages.gettext("Clip of %(card)s")
CLIP_START_PIXELS = 832
# Replicate asks for a data URI only up to 256 kB.
# https://replicate.com/docs/topics/predictions/input-files
MOST_DATA_URI_BYTES = 256_000


class Clip(CardFile):
    setting = adapters.VIDEO
    most_bytes = 1024 * MB

    def name(self, step: StepRun, target: Asset) -> str:
        return media.clip_name(target.universe.slug, target.image_name)

    def texts(self, step: StepRun, target: Asset) -> dict[str, Any]:
        return model_input(target, _seed(step))

    def files(self, step: StepRun, target: Asset) -> dict[str, Any]:
        if target.image_name not in bucket.names(target.universe.slug):
            raise CannotGenerate(messages.gettext("The card has no picture; generate that first."))
        try:
            with bucket.fetched(target.universe.slug, target.image_name) as path:
                address = data_uri(path)
        except (Unfit, Incomplete) as error:
            raise CannotGenerate(
                messages.gettext("The card's picture can't be read: %(error)s Make it anew first.")
                % {"error": error}
            ) from None
        return adapters.adapter(self.setting, step.memory.get("model", "")).picture(address)

    def convert(self, path: Path) -> Path:
        made = path.with_name("made")
        transcoding.to_mp4(path, made)
        return made


def model_input(card: Asset, seed: int = 0) -> dict[str, Any]:
    """The model's input for a card's clip, but for the picture; CannotGenerate when it takes no such prompt."""
    model, prompt = adapters.adapter(adapters.VIDEO), CLIPS.prompt(card)
    model.check(prompt=prompt, label=f"'{card}'")
    return model.build(prompt, seed)


def data_uri(path: Path) -> str:
    """The picture at `path` as a data URI small enough to be sent along with a request."""
    for quality in (90, 75, 60, 40):
        encoded = base64.b64encode(jpeg(path, CLIP_START_PIXELS, quality)).decode()
        if len(encoded) < MOST_DATA_URI_BYTES:
            break
    return f"data:image/jpeg;base64,{encoded}"


def _seed(step: StepRun) -> int:
    """A number of the step's own, another one after each failure: so no two clips are asked for alike."""
    return zlib.crc32(f"{step.pk}:{len(step.memory.get('spent', []))}".encode()) >> 1


class Clips(GapKind):
    key, step_key, unit, of = "clips", "video", "videos", CARD
    title, noun = _("Clips"), _("clips")
    reason = _("their cards need a picture first")
    setting, handler = adapters.VIDEO, Clip
    job_types = (JobType("generate_videos", _("Clips"), GENERATE),)

    def counted(self, number: int) -> str:
        return ngettext("%(number)s clip", "%(number)s clips", number) % {"number": number}

    def prompt(self, card: Asset) -> str:
        return prompt_of(card, "custom_video_prompt", "default_video_prompt", BUILT_IN)

    def steps(self, universe: Universe, cards: Iterable[Asset], *, regenerate: bool) -> list[Step]:
        """A clip of each card that has none; it waits for the card's picture, where the same job makes that."""
        files = media.present(universe.slug)
        return [
            self.step(
                card.pk,
                label=LABEL % {"card": card},
                params={"asset": str(card.pk), "file": media.clip_name(universe.slug, card.image_name)},
                claim=f"{self.step_key}:{card.pk}",
                after=f"{PICTURES.step_key}:{card.pk}",
            )
            for card in cards
            if regenerate or not clip_of(card.image_name, files)
        ]

    def check(self, universe: Universe, steps: list[Step]) -> None:
        for card in cards().filter(universe=universe, pk__in=[step.subject for step in steps]):
            model_input(card)

    def lacking(self, universe: Universe) -> list[UUID]:
        files = media.present(universe.slug)
        return [card.pk for card in universe.assets.all() if not clip_of(card.image_name, files)]

    def fill(self, filling: Filling) -> None:
        """A clip needs its picture: one that is there, or one that the same job draws."""
        drawn = {step.subject for step in filling.steps.get(PICTURES.key, [])}
        possible = [
            card for card in filling.cards if card.image_name in filling.files or str(card.pk) in drawn
        ]
        filling.add(self, self.steps(filling.universe, possible, regenerate=False))
        if left := len(self.lacking(filling.universe)) - len(filling.steps[self.key]):
            filling.left_out.append(_left_out(left))


def _left_out(number: int) -> messages.Message:
    text = messages.ngettext(
        "%(number)s clip of cards without a picture: draw these first.",
        "%(number)s clips of cards without a picture: draw these first.",
        number,
    )
    return text % {"number": number}


CLIPS = Clips()
