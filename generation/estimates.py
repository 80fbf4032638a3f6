"""Estimated costs of planned steps and of all that a universe lacks: US dollars, None where a price is not known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from jobs.services import Step
from storage.messages import Message
from universes import media
from universes.models import Universe

from . import kinds, spending
from .kinds.concepts import everything as all_of

CARDS = 10


@dataclass(frozen=True)
class GapEstimate:
    """So many gaps of a kind are filled, at this cost."""

    number: int
    cost: Decimal | None


@dataclass(frozen=True)
class GapsEstimate:
    """`kinds`: by their keys; `left_out`: sentences on what can't be made."""

    kinds: dict[str, GapEstimate]
    total: Decimal | None
    left_out: list[Message]


def used_by(steps: Iterable[Step]) -> list[str]:
    """The settings of all models that planned steps, and those that they add, buy from: one for each prediction."""
    return [setting for step in steps for setting in kinds.find(step.kind).purchases(step)]


def estimate(steps: Iterable[Step]) -> Decimal | None:
    """The cost of planned steps and of those that they add."""
    return _sum(spending.price_of_setting(setting) for setting in used_by(steps))


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    found = list(amounts)
    known = [amount for amount in found if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(found) else None


def cheapest(steps: Iterable[Step]) -> Decimal | None:
    """The least that the next purchase of one of these steps costs."""
    known = [spending.price_of_setting(kinds.find(step.kind).setting) for step in steps]
    return min((price for price in known if price is not None), default=None)


# --- Of a universe


def images(universe: Universe, *, regenerate: bool = False) -> Decimal | None:
    """The cost of the missing pictures; with `regenerate`, of all."""
    return estimate(kinds.PICTURES.steps(universe, universe.assets.all(), regenerate=regenerate))


def videos(universe: Universe, *, regenerate: bool = False) -> Decimal | None:
    """The same for clips, of the cards that have a picture."""
    files = media.present(universe.slug)
    cards = [card for card in universe.assets.all() if card.image_name in files]
    return estimate(kinds.CLIPS.steps(universe, cards, regenerate=regenerate))


def songs(universe: Universe, languages: Sequence[str]) -> Decimal | None:
    return estimate(kinds.SONGS.with_lyrics(universe, languages, theme=""))


def everything(universe: Universe) -> Decimal | None:
    """Of the pictures, clips and songs that it lacks; where it has no cards, of ten and all that belongs to them."""
    wanted = {"with_videos": True, "with_music": True, "regenerate": False}
    if universe.assets.all():
        return estimate(all_of(universe, "", **wanted))
    return estimate([kinds.CONCEPTS.thought_up(universe, "", CARDS, **wanted)])


def gaps(universe: Universe, wanted: Iterable[str] | None = None, theme: str = "") -> GapsEstimate:
    """Number and cost of the gaps that `services.start_gaps` would fill. Nothing is begun."""
    made = kinds.filling(universe, wanted, theme)
    found = {kind: GapEstimate(made.numbers[kind], estimate(steps)) for kind, steps in made.steps.items()}
    return GapsEstimate(found, estimate(made.all_steps()), made.left_out)
