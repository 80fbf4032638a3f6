"""Steps whose result is words: a question to the language model, and one more for what its answer lacks."""

from typing import Any

from jobs.handlers import Done, Drop, Permanent, StepRun, Wait
from universes.models import Universe

from . import adapters, llm, outputs
from .errors import Unusable
from .prediction import Prediction, as_outcomes


class WordStep(Prediction[Universe]):
    """`params`: `universe`, its id."""

    setting = adapters.LLM

    def find(self, step: StepRun) -> Universe | None:
        return Universe.objects.filter(pk=step.params["universe"]).first()

    def task(self, step: StepRun, universe: Universe) -> Any:
        """The llm.Task, with what an earlier answer already gave."""
        raise TypeError(f"{type(self).__name__} does not say what it asks")

    def state(self, task: Any) -> Any:
        """The part of the task that must outlast a crash between two questions."""
        raise TypeError(f"{type(self).__name__} does not say what it found")

    def deliver(self, step: StepRun, universe: Universe, task: Any) -> Done:
        raise TypeError(f"{type(self).__name__} does not say what becomes of the words")

    def advance(self, step: StepRun) -> Done | Wait | Drop:
        """Ask nothing where nothing is missing any more."""
        with as_outcomes():
            universe = self.find(step)
            if universe and not step.intent_at and not (task := self.task(step, universe)).missing:
                return self.deliver(step, universe, task)
        return super().advance(step)

    def texts(self, step: StepRun, target: Universe) -> dict[str, Any]:
        return llm.inputs(self.task(step, target).prompt())

    def finish(self, step: StepRun, target: Universe, prediction: dict[str, Any]) -> Done | Wait:
        task = self.task(step, target)
        task.add(outputs.text_of(prediction.get("output")))
        if not task.missing:
            return self.deliver(step, target, task)
        if not self.may_ask_again(step, task):
            give_up(task)
        return ask_again(step, found=self.state(task))

    def may_ask_again(self, step: StepRun, task: Any) -> bool:
        return "found" not in step.memory


def ask_again(step: StepRun, **memory: Any) -> Wait:
    """Let the next look put another question; `memory`: what must be known by then."""
    spent = [*step.memory.get("spent", []), step.external_id]
    step.save(external_id="", intent_at=None, memory={"spent": spent, **memory})
    return Wait(0)


def give_up(task: Any) -> None:
    try:
        llm.complain(task)
    except Unusable as error:
        raise Permanent(error, spent=True) from None


def is_gone(universe: Universe) -> bool:
    """Looked up once more in the transaction that writes, and locked there."""
    return Universe.objects.select_for_update().filter(pk=universe.pk).first() is None
