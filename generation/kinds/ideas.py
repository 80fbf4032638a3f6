"""Ideas for cards: proposed, and stored nowhere but in the step's result."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from api.roles import GENERATE
from jobs.handlers import Done, StepRun
from jobs.services import Step
from jobs.types import JobType
from storage import messages
from universes.models import Universe

from .. import adapters, questions
from ..word_steps import WordStep
from .kind import UNIVERSE, Kind
from .names import digest

LABEL = messages.gettext("Ideas")


class Proposal(WordStep):
    """`params` also: `theme`, `count`, `language`."""

    def task(self, step: StepRun, universe: Universe) -> questions.Concepts:
        language = step.params["language"]
        return questions.Concepts(
            step.params["theme"],
            step.params["count"],
            language,
            have=list(step.memory.get("found", [])),
            avoid=_names_there_are(universe, language),
        )

    def state(self, task: questions.Concepts) -> list[dict[str, str]]:
        return task.have

    def deliver(self, step: StepRun, universe: Universe, task: questions.Concepts) -> Done:
        names, translations = task.answer()
        return Done(result={"concepts": names, "translations": translations})


def _names_there_are(universe: Universe, language: str) -> list[str]:
    """The names of the universe's cards, in this language where they have one."""
    cards = universe.assets.prefetch_related("translations")
    translated = [{t.language: t.display_name for t in card.translations.all()} for card in cards]
    names = (known.get(language) or card.display_name for card, known in zip(cards, translated, strict=True))
    return [name for name in names if name]


class Ideas(Kind):
    key, step_key, of = "ideas", "ideas", UNIVERSE
    title = _("Ideas")
    setting, handler = adapters.LLM, Proposal
    job_types = (JobType("propose_ideas", _("Ideas"), GENERATE),)

    def proposed(self, universe: Universe, theme: str, count: int, language: str) -> Step:
        """The step that proposes cards; the same question is not asked twice at a time."""
        asked: dict[str, Any] = {"theme": theme, "count": count, "language": language}
        return self.step(
            label=LABEL,
            params={"universe": universe.pk, **asked},
            claim=f"{self.step_key}:{universe.pk}:{digest(asked)}",
        )


IDEAS = Ideas()
