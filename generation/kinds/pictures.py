"""The picture of a card."""

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
from storage import messages, pictures
from universes import media
from universes.models import Asset, Universe
from universes.services import files

from .. import adapters
from ..file_steps import MB, CardFile, cards
from .kind import CARD, Filling, GapKind, prompt_of

BUILT_IN = (
    "A single {concept}, cute and friendly, for children aged 3 to 6. Flat digital illustration with soft rounded "
    "shapes, bright warm colours and clean outlines, centred, whole and large, on a plain pastel background. "
    "No text, no letters, nothing frightening."
)
LABEL = messages.gettext("Picture of %(card)s")


class Picture(CardFile):
    setting = adapters.IMAGE
    most_bytes = 50 * MB

    def name(self, step: StepRun, target: Asset) -> str:
        return target.image_name

    def texts(self, step: StepRun, target: Asset) -> dict[str, Any]:
        return model_input(target)

    def convert(self, path: Path) -> Path:
        pictures.to_png(path)
        return path

    def fit(self, path: Path, name: str) -> None:
        pictures.as_named(path, name)

    def after(self, universe: Universe, path: Path) -> dict[str, str]:
        return files.thumbnail_from(universe, path)


def model_input(card: Asset) -> dict[str, Any]:
    """The model's input for a card's picture; CannotGenerate when it takes no such prompt."""
    model, prompt = adapters.adapter(adapters.IMAGE), PICTURES.prompt(card)
    model.check(prompt=prompt, label=f"'{card}'")
    return model.build(prompt)


class Pictures(GapKind):
    key, step_key, unit, of = "pictures", "image", "images", CARD
    title, noun = _("Pictures"), _("pictures")
    reason = _("they are being made")
    setting, handler = adapters.IMAGE, Picture
    job_types = (JobType("generate_images", _("Pictures"), GENERATE),)

    def counted(self, number: int) -> str:
        return ngettext("%(number)s picture", "%(number)s pictures", number) % {"number": number}

    def prompt(self, card: Asset) -> str:
        return prompt_of(card, "custom_image_prompt", "default_image_prompt", BUILT_IN)

    def steps(self, universe: Universe, cards: Iterable[Asset], *, regenerate: bool) -> list[Step]:
        """A picture of each card that has none, of every card with `regenerate`."""
        there = media.present(universe.slug)
        return [
            self.step(
                card.pk,
                label=LABEL % {"card": card},
                params={"asset": str(card.pk), "file": card.image_name},
                claim=f"{self.step_key}:{card.pk}",
            )
            for card in cards
            if regenerate or card.image_name not in there
        ]

    def check(self, universe: Universe, steps: list[Step]) -> None:
        for card in cards().filter(universe=universe, pk__in=[step.subject for step in steps]):
            model_input(card)

    def lacking(self, universe: Universe) -> list[UUID]:
        there = media.present(universe.slug)
        return [card.pk for card in universe.assets.all() if card.image_name not in there]

    def fill(self, filling: Filling) -> None:
        filling.add(self, self.steps(filling.universe, filling.cards, regenerate=False))


PICTURES = Pictures()
