"""Asking the language model within a request, and waiting for what it says."""

import logging
import time
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Protocol

from django.conf import settings

from storage.messages import Message, gettext

from . import adapters, outputs, provider, spending
from .errors import Broken, ProviderError, Throttled, Unreachable, Unusable
from .models import Charge
from .questions import SYSTEM

DEADLINE_SECONDS = 90
# Seconds between two looks: soon at first, then calmly.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 0.5
PAUSE_WHEN_THROTTLED = 5
MOST_QUESTIONS = 2

log = logging.getLogger(__name__)


class Task(Protocol):
    """A question that takes an answer in, and knows what is still missing, so that one more question can mend it."""

    @property
    def missing(self) -> Message:
        """The words for it in a sentence; empty when nothing is."""

    def prompt(self) -> str: ...

    def add(self, answer: str) -> None: ...


def fulfil(tasks: Sequence[Task], univers_slug: str = "") -> None:
    """Put the tasks of `words` to the model, REPLICATE_CONCURRENCY at a time, and once more those whose answer lacked
    something.

    `univers_slug`: whose books it goes into. Raises Unusable when the second answer lacks something too, Broken
    when time is up, Throttled when it would be, other ProviderErrors, LimitReached and UnknownPrice.
    """
    ends = time.monotonic() + DEADLINE_SECONDS
    for _ in range(MOST_QUESTIONS):
        open_tasks = [task for task in tasks if task.missing]
        answers = _ask([task.prompt() for task in open_tasks], ends, univers_slug) if open_tasks else []
        for task, answer in zip(open_tasks, answers, strict=True):
            task.add(answer)
    for task in tasks:
        complain(task)


def complain(task: Task) -> None:
    """Raise Unusable for a task that still lacks something."""
    if task.missing:
        raise Unusable(
            gettext("The language model left out %(missing)s, even when asked again; try again later.")
            % {"missing": task.missing}
        )


def inputs(prompt: str) -> dict[str, Any]:
    """The configured model's input for a question; CannotGenerate for one that is too long for it."""
    model = adapters.adapter(adapters.LLM)
    model.check(prompt=prompt, label=gettext("the question"))
    return model.build(prompt, system=SYSTEM)


def _ask(prompts: Sequence[str], ends: float, univers_slug: str) -> list[str]:
    charges = spending.afford(partial(spending.reserve, adapters.LLM, univers_slug, number=len(prompts)))
    at_work: deque[dict[str, Any]] = deque()
    answers: list[str] = []
    try:
        for charge, prompt in zip(charges, prompts, strict=True):
            if len(at_work) == settings.REPLICATE_CONCURRENCY:
                answers.append(_answer_of_oldest(at_work, ends))
            at_work.append(_order(charge, inputs(prompt), ends))
        while at_work:
            answers.append(_answer_of_oldest(at_work, ends))
        return answers
    finally:
        _stop(at_work)
        spending.settle_request(charges)


def _order(charge: Charge, input: dict[str, Any], ends: float) -> dict[str, Any]:
    while True:
        try:
            prediction = provider.create(charge.model, input)
        except Throttled as error:
            _hold_on(error, ends)
        except ProviderError as error:
            if not error.certain:
                spending.charge_unanswered(charge)
            raise
        else:
            spending.attach(charge, prediction["id"])
            return prediction


def _answer_of_oldest(at_work: deque[dict[str, Any]], ends: float) -> str:
    """The text of the first in the queue, which leaves it when it has ended, well or not."""
    prediction, pause = at_work[0], FIRST_PAUSE
    while prediction["status"] not in provider.ENDED:
        if time.monotonic() > ends:
            raise Broken(
                gettext("The language model did not answer within %(seconds)s seconds; try again later.")
                % {"seconds": DEADLINE_SECONDS}
            )
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)
        prediction = _look(prediction, ends)
    at_work.popleft()
    spending.settle(prediction["id"], prediction["status"])
    if prediction["status"] != "succeeded":
        raise Broken(provider.why(prediction))
    return outputs.text_of(prediction.get("output"))


def _look(prediction: dict[str, Any], ends: float) -> dict[str, Any]:
    """The prediction as it stands; as it stood, when the provider can't tell just now."""
    try:
        return provider.get(prediction["id"])
    except Throttled as error:
        _hold_on(error, ends)
    except (Unreachable, Broken):
        # Its answer is paid for: it is worth asking for as long as there is time.
        if time.monotonic() > ends:
            raise
    return prediction


def _hold_on(error: Throttled, ends: float) -> None:
    """Wait as long as the provider asked for; the Throttled itself when that takes longer than there is time."""
    wait = PAUSE_WHEN_THROTTLED if error.retry_after is None else max(error.retry_after, FIRST_PAUSE)
    if time.monotonic() + wait > ends:
        raise error
    time.sleep(wait)


def _stop(at_work: Iterable[dict[str, Any]]) -> None:
    """Cancel what nobody waits for any more; where that fails it ends by itself, and counts as spent."""
    try:
        for prediction in at_work:
            stopped = provider.cancel(prediction["id"])
            spending.settle(stopped["id"], stopped["status"])
    except ProviderError as error:
        log.warning("Questions that nobody waits for could not be cancelled: %s", error)
