"""The steps of each order, or the sentence why it can't be done. Nothing is begun here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import prefetch_related_objects

from jobs.errors import Busy
from jobs.services import Step
from storage.messages import Message, together
from storage.messages import gettext as _
from universes import media
from universes.errors import Invalid
from universes.models import LANGUAGES, Asset, Language, Universe
from universes.services.assets import parse_uuid

from . import adapters, kinds
from .errors import CannotGenerate
from .file_steps import cards as all_cards
from .kinds.concepts import everything as all_of
from .kinds.kind import Filling, without_lyrics

LEFT_OUT = _("Left out: %(sentence)s")


@dataclass(frozen=True)
class Order:
    """Checked steps, and what is not made and why, for people.

    `unit`: what the job's message counts, where that differs from what its type counts.
    """

    steps: list[Step] = field(default_factory=list)
    left_out: Message = Message()
    unit: str = ""


def images(universe: Universe, asset_ids: Sequence[Any] | None, regenerate: bool) -> Order:
    steps = kinds.PICTURES.steps(universe, _chosen(universe, asset_ids), regenerate=regenerate)
    return _checked(universe, steps)


def videos(universe: Universe, asset_ids: Sequence[Any] | None, regenerate: bool) -> Order:
    files = media.present(universe.slug)
    cards = [card for card in _chosen(universe, asset_ids) if card.image_name in files]
    if not cards:
        raise CannotGenerate(
            _("No images found for the chosen assets of '%(slug)s'; generate images first.")
            % {"slug": universe.slug}
        )
    return _checked(universe, kinds.CLIPS.steps(universe, cards, regenerate=regenerate))


def music(universe: Universe, languages: Sequence[str], style: str) -> Order:
    unwritten = without_lyrics(universe, languages) if _sings_lyrics() else []
    kinds.SONGS.check_languages(universe, [one for one in languages if one not in unwritten], style)
    if not unwritten:
        return Order(kinds.SONGS.steps(universe, languages, style=style))
    kinds.SONGS.check_styles(universe, unwritten, style)
    return Order(kinds.SONGS.with_lyrics(universe, languages, theme=str(universe), style=style), unit="steps")


def _sings_lyrics() -> bool:
    """True when the configured music model needs lyrics."""
    least, _most = adapters.adapter(adapters.MUSIC).lyrics
    return least > 0


def everything(
    universe: Universe, theme: str, count: int, regenerate: bool, with_videos: bool, with_music: bool
) -> Order:
    if regenerate or not universe.assets.exists():
        step = kinds.CONCEPTS.thought_up(
            universe, theme, count, with_videos=with_videos, with_music=with_music, regenerate=regenerate
        )
        return Order([step])
    steps = all_of(universe, theme, with_videos=with_videos, with_music=with_music, regenerate=False)
    return _checked(universe, steps)


def names(universe: Universe, asset_ids: Sequence[Any] | None, languages: Sequence[str] | None) -> Order:
    made = Filling(universe)
    cards = _chosen(universe, asset_ids)
    prefetch_related_objects(cards, "translations")
    kinds.NAMES.fill_some(made, cards, languages or LANGUAGES)
    if made.left_out and not made.all_steps():
        raise CannotGenerate(made.left_out[0])
    return _of_filling(made)


def lyrics(universe: Universe, languages: Sequence[str], source: str, replace: bool) -> Order:
    if without_lyrics(universe, [source]):
        raise CannotGenerate(
            _("No lyrics in %(language)s for '%(slug)s'; write them as a music prompt first.")
            % {"language": Language(source).label, "slug": universe.slug}
        )
    others = [language for language in dict.fromkeys(languages) if language != source]
    wanted = others if replace else without_lyrics(universe, others)
    return Order(kinds.LYRICS.translated(universe, source, wanted))


def song_words(universe: Universe, language: str, theme: str) -> Order:
    lacking = without_lyrics(universe, [language])
    return Order([kinds.LYRICS.written(universe, theme, lacking)] if lacking else [])


def ideas(universe: Universe, theme: str, count: int, language: str) -> Order:
    return Order([kinds.IDEAS.proposed(universe, theme, count, language)])


def gaps(universe: Universe, wanted: Iterable[str] | None, theme: str) -> Order:
    chosen = list(kinds.GAPS if wanted is None else wanted)
    if unknown := set(chosen) - set(kinds.GAPS):
        raise Invalid(
            "kinds",
            _("kinds: '%(unknown)s' is none of %(kinds)s.")
            % {"unknown": _first(unknown), "kinds": ", ".join(kinds.GAPS)},
        )
    made = kinds.filling(universe, chosen, theme)
    _checked(universe, made.all_steps())
    return _of_filling(made)


def _of_filling(made: Filling) -> Order:
    steps = made.all_steps()
    if made.running and not steps:
        raise Busy(made.running)
    return Order(steps, together(*(LEFT_OUT % {"sentence": sentence} for sentence in made.left_out)))


def _checked(universe: Universe, steps: list[Step]) -> Order:
    """Raises CannotGenerate for a prompt that a model would refuse, before anything is bought."""
    for key, kind in kinds.KINDS.items():
        if of_kind := [step for step in steps if step.kind == key]:
            kind.check(universe, of_kind)
    return Order(steps)


def _chosen(universe: Universe, asset_ids: Sequence[Any] | None) -> list[Asset]:
    """The universe's cards with these ids, in order; Invalid for an id that is none of them."""
    cards = list(all_cards().filter(universe=universe))
    if asset_ids is not None:
        wanted = {parse_uuid(asset_id) for asset_id in asset_ids}
        if not wanted:
            raise Invalid("asset_ids", _("asset_ids is empty; leave it out to generate for all assets."))
        if unknown := wanted - {card.pk for card in cards}:
            raise Invalid(
                "asset_ids",
                _("asset_ids: %(unknown)s is no asset of '%(slug)s'.")
                % {"unknown": _first(unknown), "slug": universe.slug},
            )
        cards = [card for card in cards if card.pk in wanted]
    if not cards:
        raise CannotGenerate(
            _("No assets in universe '%(slug)s'; add some or apply concepts first.") % {"slug": universe.slug}
        )
    return cards


def _first(ids: Iterable[Any]) -> str:
    return min(str(one) for one in ids)
