"""Asking the language model within a request, and waiting for what it says."""

import time
from functools import partial

from . import adapters, provider, spending
from .errors import Broken, ProviderError, Unusable
from .words import SYSTEM

DEADLINE_SECONDS = 90
# Seconds between two looks: soon at first, then calmly.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 0.5
MOST_QUESTIONS = 2


def fulfil(tasks, univers_slug=""):
    """Put the tasks of `words` to the model, all at once, and once more those whose answer lacked something.

    `univers_slug`: whose books it goes into. Raises Unusable when the second answer lacks something too, Broken
    when time is up, other ProviderErrors, LimitReached and UnknownPrice.
    """
    ends = time.monotonic() + DEADLINE_SECONDS
    for _ in range(MOST_QUESTIONS):
        open_tasks = [task for task in tasks if task.missing]
        answers = _ask([task.prompt() for task in open_tasks], ends, univers_slug) if open_tasks else []
        for task, answer in zip(open_tasks, answers, strict=True):
            task.add(answer)
    for task in tasks:
        complain(task)


def complain(task):
    """Raise Unusable for a task that still lacks something."""
    if task.missing:
        raise Unusable(f"The language model left out {task.missing}, even when asked again; try again later.")


def inputs(prompt):
    """The configured model's input for a question; CannotGenerate for one that is too long for it."""
    model = adapters.adapter(adapters.LLM)
    model.check(prompt=prompt, label="the question")
    return model.build(prompt, system=SYSTEM)


def _ask(prompts, ends, univers_slug):
    charges = spending.afford(partial(spending.reserve, adapters.LLM, univers_slug, number=len(prompts)))
    try:
        predictions = [
            _order(charge, inputs(prompt)) for charge, prompt in zip(charges, prompts, strict=True)
        ]
        return [_wait_for(prediction, ends) for prediction in predictions]
    finally:
        spending.close(charges)


def _order(charge, input):
    try:
        prediction = provider.create(charge.model, input)
    except ProviderError as error:
        if not error.certain:
            spending.doubt(charge)
        raise
    spending.attach(charge, prediction["id"])
    return prediction


def _wait_for(prediction, ends):
    pause = FIRST_PAUSE
    while prediction["status"] not in provider.ENDED:
        if time.monotonic() > ends:
            provider.cancel(prediction["id"])
            raise Broken(
                f"The language model did not answer within {DEADLINE_SECONDS} seconds; try again later."
            )
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)
        prediction = provider.get(prediction["id"])
    spending.settle(prediction["id"], prediction["status"])
    if prediction["status"] != "succeeded":
        raise Broken(provider.why(prediction))
    return adapters.text_of(prediction.get("output"))
