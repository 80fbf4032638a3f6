"""The names of cards in the languages in which they have none yet."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from api.roles import GENERATE
from jobs.handlers import Done, StepRun, Wait
from jobs.models import ACTIVE, Job, JobStep
from jobs.services import Step
from jobs.types import JobType
from storage import messages
from universes.models import LANGUAGES, Asset, AssetTranslation, Universe
from universes.services import edits

from .. import adapters, llm, outputs, questions
from ..file_steps import made_since
from ..word_steps import WordStep, ask_again, give_up
from .kind import UNIVERSE, Filling, GapKind

# So many names in four languages, and the question for them, are far from the model's 8,192 tokens.
NAMES_AT_ONCE = 40


class NamesOfCards(WordStep):
    """Names some cards: the rows tell at every look which names are missing, and each answer is written at once.

    `params` also: `cards`, `{image name: languages}`; a card keeps that name whatever id it gets.
    """

    def task(self, step: StepRun, universe: Universe) -> questions.Names:
        sources = {card: some_name(card) for card in _cards(step, universe)}
        lacking = {card: unnamed(card, step.params["cards"][card.image_name]) for card in sources}
        asked = [card for card in sources if sources[card] and lacking[card]]
        return questions.Names(
            {card.image_name: sources[card] for card in asked},
            {card.image_name: lacking[card] for card in asked},
        )

    def texts(self, step: StepRun, target: Universe) -> dict[str, Any]:
        task = self.task(step, target)
        # Cards come, go and are renamed while the model thinks.
        # As a list, since a model may answer in the order of the cards, and PostgreSQL sorts the keys of an object.
        step.remember(sources=list(task.sources.items()), wanted=task.wanted)
        return llm.inputs(task.prompt())

    def finish(self, step: StepRun, target: Universe, prediction: dict[str, Any]) -> Done | Wait:
        asked = questions.Names(dict(step.memory["sources"]), step.memory["wanted"])
        asked.add(outputs.text_of(prediction.get("output")))
        for card in _cards(step, target):
            if asked.sources.get(card.image_name) == some_name(card):
                _fill(card, asked.found[card.image_name], step.job)
        left = self.task(step, target)
        if not left.missing:
            return self.deliver(step, target, left)
        if "again" in step.memory:
            give_up(left)
        return ask_again(step, again=True)

    def deliver(self, step: StepRun, universe: Universe, task: questions.Names) -> Done:
        return Done(result={"cards": len(step.params["cards"])})


def _cards(step: StepRun, universe: Universe) -> QuerySet[Asset]:
    """The cards that the step is about, without one that took over the file name of another since."""
    found = universe.assets.filter(image_name__in=step.params["cards"])
    return found.exclude(made_since(step.started_at)).prefetch_related("translations")


@transaction.atomic
def _fill(card: Asset, names: dict[str, str], job: Job) -> None:
    """Add names where there are none; what somebody wrote meanwhile stays."""
    # Locks the card too, or tells that it is gone.
    if not names or not Asset.objects.filter(pk=card.pk).update(updated_at=timezone.now()):
        return
    with edits.recorded(card, job.author, job.type):
        for language, name in names.items():
            row, created = AssetTranslation.objects.get_or_create(
                asset=card, language=language, defaults={"display_name": name}
            )
            if not created:
                empty = Q(display_name=None) | Q(display_name="")
                AssetTranslation.objects.filter(empty, pk=row.pk).update(display_name=name)


def _has(text: str | None) -> bool:
    return bool((text or "").strip())


def unnamed(card: Asset, languages: Iterable[str] = LANGUAGES) -> list[str]:
    """Those of the languages in which the card has no name; its translations are best loaded with it."""
    named = {row.language for row in card.translations.all() if _has(row.display_name)}
    return [language for language in languages if language not in named]


def some_name(card: Asset) -> str:
    """A name to translate from: the French one, else the one that is shown, else any; '' where there is none."""
    named = [(row.language, row.display_name or "") for row in card.translations.all()]
    names = {language: name for language, name in named if _has(name)}
    return names.get("fr") or (card.display_name or "").strip() or next(iter(names.values()), "")


class Names(GapKind):
    # A step names many cards: its subject is the number of the batch.
    key, step_key, of = "names", "names", UNIVERSE
    title, noun = _("Names"), _("names")
    reason = _("their cards have no name at all, or they are being made")
    setting, handler = adapters.LLM, NamesOfCards
    job_types = (JobType("generate_names", _("Names"), GENERATE),)

    def counted(self, number: int) -> str:
        return ngettext("%(number)s name", "%(number)s names", number) % {"number": number}

    def steps(self, universe: Universe, wanted: dict[str, list[str]]) -> list[Step]:
        """Steps that name cards; `wanted`: `{image name: languages}`."""
        cards = list(wanted)
        batches = [cards[start : start + NAMES_AT_ONCE] for start in range(0, len(cards), NAMES_AT_ONCE)]
        return [
            self._batch(universe, number, {card: wanted[card] for card in batch})
            for number, batch in enumerate(batches, start=1)
        ]

    def _batch(self, universe: Universe, number: int, wanted: dict[str, list[str]]) -> Step:
        return self.step(
            number,
            label=_label(len(wanted)),
            params={"universe": universe.pk, "cards": wanted},
            claim=f"{self.step_key}:{universe.pk}:{digest(wanted)}",
        )

    def made_by(self, universe: Universe, subject: str, params: dict[str, Any]) -> list[tuple[str, str]]:
        ids = {asset.image_name: str(asset.pk) for asset in universe.assets.all()}
        return [
            (ids[image_name], language)
            for image_name, languages in params["cards"].items()
            if image_name in ids
            for language in languages
        ]

    def lacking(self, universe: Universe) -> list[tuple[UUID, str]]:
        named = _named(universe)
        return [
            (card.pk, language)
            for card in universe.assets.all()
            for language in LANGUAGES
            if language not in named[card.pk]
        ]

    def fill(self, filling: Filling) -> None:
        self.fill_some(filling, filling.cards, LANGUAGES)

    def fill_some(self, filling: Filling, cards: Iterable[Asset], languages: Iterable[str]) -> None:
        """The names of these cards in these languages, but for those that a job is at."""
        busy = self._being_made(filling.universe)
        wanted, nameless = {}, 0
        for card in cards:
            lacking = unnamed(card, languages)
            left = [language for language in lacking if (card.image_name, language) not in busy]
            if len(left) < len(lacking):
                filling.running = next(iter(busy.values()))
            if left and some_name(card):
                wanted[card.image_name] = left
            nameless += bool(left and not some_name(card))
        filling.add(self, self.steps(filling.universe, wanted), sum(map(len, wanted.values())))
        if nameless:
            filling.left_out.append(_left_out(nameless))

    def _being_made(self, universe: Universe) -> dict[tuple[str, str], Job]:
        """`{(image name, language): job}` of what jobs are at."""
        steps = JobStep.objects.filter(status__in=ACTIVE, kind=self.key, job__univers_slug=universe.slug)
        return {
            (card, language): step.job
            for step in steps.select_related("job")
            for card, languages in step.params["cards"].items()
            for language in languages
        }


def _named(universe: Universe) -> dict[UUID, set[str]]:
    """`{card id: languages in which it has a name}`, as plain values: thousands of rows are only counted."""
    names = AssetTranslation.objects.filter(asset__universe=universe)
    found = defaultdict(set)
    for card_id, language, name in names.values_list("asset_id", "language", "display_name"):
        if _has(name):
            found[card_id].add(language)
    return found


def _label(number: int) -> messages.Message:
    text = messages.ngettext("Names of %(number)s card", "Names of %(number)s cards", number)
    return text % {"number": number}


def _left_out(number: int) -> messages.Message:
    text = messages.ngettext(
        "%(number)s card without any name: give each one first.",
        "%(number)s cards without any name: give each one first.",
        number,
    )
    return text % {"number": number}


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


NAMES = Names()
