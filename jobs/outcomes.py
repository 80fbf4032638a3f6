"""What a handler says after it looked after a step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from storage.messages import Message


@dataclass(frozen=True)
class Done:
    """The step is finished. `commit` runs in the transaction that says so: for rows that must go with it."""

    result: Any = None
    commit: Callable[[], None] | None = None


@dataclass(frozen=True)
class Wait:
    """Nothing to do for now; look again after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Drop:
    """What the step was for is gone; it ends as cancelled."""

    reason: Message | str


class Permanent(Exception):
    """It failed and would fail again. `spent`: what lies at the provider is of no more use.

    `result` is kept with the step, for those who want to know more than the sentence.
    """

    def __init__(self, sentence: Message | str, *, spent=False, result=None):
        super().__init__(sentence)
        self.spent = spent
        self.result = result


class Passing(Exception):
    """It failed and may work later: after `retry_after` seconds when the other side named a time.

    `counts` false: the other side only asked to wait, so it is no failed attempt.
    """

    def __init__(self, sentence: Message | str, *, retry_after=None, counts=True):
        super().__init__(sentence)
        self.retry_after = retry_after
        self.counts = counts
