"""The base of all kinds: a kind is one object that says all there is to know of it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import prefetch_related_objects

from jobs.services import Step
from storage.messages import Message
from universes import media
from universes.models import Asset, MusicPrompt, Universe

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from jobs.handlers import Handler
    from jobs.models import Job
    from jobs.types import JobType

    Text = str | Promise

SLOT = "replicate"
PLACE = "{concept}"
# The owners of a kind: each card, each language, or the universe as a whole.
CARD, LANGUAGE, UNIVERSE = "card", "language", "universe"


class Kind:
    """`key`: what it is called everywhere; `title`: what people call it. `step_key`: how the API's keys of its steps
    begin. `of`: whose it is, a card's, a language's or the universe's.

    `setting`: names the model that it is bought from. `handler`: does its steps. `job_types`: of the jobs that make
    nothing else, and `unit`: what their messages count.
    """

    key: str
    title: Text
    step_key: str
    of: str
    setting: str
    handler: type[Handler]
    job_types: tuple[JobType, ...] = ()
    unit = "steps"

    def step(self, subject: object = "", *, handler: type[Handler] | None = None, **fields: Any) -> Step:
        """A step of this kind, which takes one of the places at the provider; `fields` as jobs.services.Step has."""
        does = handler or self.handler
        return Step(
            kind=self.key,
            subject=str(subject),
            key=f"{self.step_key}:{subject}" if subject else self.step_key,
            handler=f"{does.__module__}.{does.__qualname__}",
            slot=SLOT,
            **fields,
        )

    def purchases(self, step: Step) -> list[str]:
        """The settings of all models that a step, and those that it adds, buy from: one for each prediction."""
        return [self.setting]

    def check(self, universe: Universe, steps: list[Step]) -> None:
        """Raise CannotGenerate for one of these steps whose prompt the model would refuse."""

    def made_by(self, universe: Universe, subject: str, params: dict[str, Any]) -> list[tuple[str, str]]:
        """`[(whose, language)]` of what a step makes: a card's id or '', a language or ''."""
        return [(subject, "")] if self.of == CARD else [("", subject)] if self.of == LANGUAGE else []


class GapKind(Kind):
    """A kind that a universe may lack something of.

    `noun`: what people call several of it within a sentence. `reason`: why some gaps can't be filled yet.
    """

    noun: Text
    reason: Text

    def counted(self, number: int) -> str:
        """So many of it, in words: "3 pictures"."""
        raise NotImplementedError

    def lacking(self, universe: Universe) -> list[Any]:
        """The gaps: card ids, languages, or pairs of them. The universe is best loaded with its assets and songs."""
        raise NotImplementedError

    def fill(self, filling: Filling) -> None:
        """Add the steps that make what is missing, or a sentence why it can't be made."""
        raise NotImplementedError


@dataclass
class Filling:
    """The steps that fill a universe's gaps, by kind; how many gaps they fill; sentences on what can't be filled.

    `theme`: what lyrics are about, where there are none at all. `running`: a job that is at some of it already.
    """

    universe: Universe
    theme: str = ""
    steps: dict[str, list[Step]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    left_out: list[Message] = field(default_factory=list)
    running: Job | None = None

    @cached_property
    def cards(self) -> list[Asset]:
        prefetch_related_objects([self.universe], "assets__translations", "music_prompts")
        return list(self.universe.assets.all())

    @cached_property
    def files(self) -> Container[str]:
        return media.present(self.universe.slug)

    def add(self, kind: Kind, steps: list[Step], number: int | None = None) -> None:
        self.steps[kind.key] = steps
        self.numbers[kind.key] = len(steps) if number is None else number

    def all_steps(self) -> list[Step]:
        return [step for steps in self.steps.values() for step in steps]


def prompt_of(card: Asset, custom: str, default: str, built_in: str) -> str:
    """A card's own prompt, else its universe's, else the built-in one; `{concept}` stands for the card's name.

    `custom` and `default`: the fields of AssetPrompts and UniversPrompts; both are best loaded with the card.
    """
    text = _stored(card, custom) or _stored(card.universe, default) or built_in
    return text.replace(PLACE, card.display_name or "thing").strip()


def _stored(owner: Asset | Universe, field: str) -> str:
    prompts = getattr(owner, "prompts", None)
    return ((getattr(prompts, field) if prompts else None) or "").strip()


def songs_of(universe: Universe) -> dict[str, MusicPrompt]:
    """The stored words of songs by language."""
    return {song.language: song for song in universe.music_prompts.all()}


def lyrics_of(song: MusicPrompt | None) -> str:
    return ((song.lyrics if song else "") or "").strip()


def without_lyrics(universe: Universe, languages: Iterable[str]) -> list[str]:
    """Those of the languages in which nobody wrote what is to be sung."""
    songs = songs_of(universe)
    return [language for language in languages if not lyrics_of(songs.get(language))]
