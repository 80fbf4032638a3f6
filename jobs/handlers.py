"""Handlers do the steps: their base class, the step that they get, and the outcomes that they answer with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from django.db.models import QuerySet

from storage.messages import Text, of

from .errors import LeaseLost
from .models import ACTIVE, Job, JobStep


@dataclass(frozen=True)
class Done:
    """The step is finished. `commit` runs in the transaction that says so: for rows that must go with it."""

    result: Any = None  # JSON, of the handler's own shape.
    commit: Callable[[], object] | None = None


@dataclass(frozen=True)
class Wait:
    """Nothing to do for now; look again after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Drop:
    """The step was for something that is gone; it ends as cancelled."""

    reason: Text


class Permanent(Exception):
    """It failed and would fail again. `spent`: the result at the other side is of no more use.

    `result` is kept with the step, and says more than the sentence.
    """

    def __init__(self, sentence: Text | Exception, *, spent: bool = False, result: Any = None) -> None:
        super().__init__(of(sentence))
        self.spent = spent
        self.result = result


class Passing(Exception):
    """It failed and may work later: after `retry_after` seconds when the other side named a time.

    `counts` false: the other side only asked to wait, so it is no failed attempt.
    """

    def __init__(
        self, sentence: Text | Exception, *, retry_after: float | None = None, counts: bool = True
    ) -> None:
        super().__init__(of(sentence))
        self.retry_after = retry_after
        self.counts = counts


Outcome: TypeAlias = Done | Wait | Drop


class Handler:
    """Does one kind of step. Named by dotted path in the step, made anew for each look."""

    def advance(self, step: "StepRun") -> Outcome:
        """Start the work, or look after it; raises Permanent or Passing.

        It is called again after a crash at any point, so whatever must not happen twice is saved with
        `step.save` before it is done.
        """
        raise TypeError(f"{type(self).__name__} does not say how it advances")

    def cancel(self, step: "StepRun") -> Outcome | None:
        """Tell the other side to stop; called once or more, for a step that was begun. Wait: ask once more then."""
        return None


class StepRun:
    """A step in the hands of the runner that owns its job.

    `was_answered`: set by a handler that is about to read the other side's answer. If an internal error follows, a
    retry asks the other side anew.
    """

    def __init__(self, step: JobStep, token: int) -> None:
        self.step, self.token = step, token
        self.was_answered = False

    @property
    def pk(self) -> UUID:
        return self.step.pk

    @property
    def key(self) -> str:
        return self.step.key

    @property
    def kind(self) -> str:
        return self.step.kind

    @property
    def subject(self) -> str:
        return self.step.subject

    @property
    def job(self) -> Job:
        return self.step.job

    @property
    def job_id(self) -> UUID:
        return self.step.job_id

    @property
    def status(self) -> str:
        return self.step.status

    @property
    def params(self) -> dict[str, Any]:
        params: dict[str, Any] = self.step.params
        return params

    @property
    def memory(self) -> dict[str, Any]:
        memory: dict[str, Any] = self.step.memory
        return memory

    @property
    def external_id(self) -> str:
        return self.step.external_id

    @property
    def intent_at(self) -> datetime | None:
        return self.step.intent_at

    @property
    def started_at(self) -> datetime | None:
        return self.step.started_at

    @property
    def due_at(self) -> datetime:
        return self.step.due_at

    def owned(self) -> QuerySet[JobStep]:
        """The row, if it is still active and its job is still ours."""
        return JobStep.objects.filter(
            pk=self.step.pk, status__in=ACTIVE, job__lease_token=self.token, job__status__in=ACTIVE
        )

    def hold(self) -> None:
        """Lock the row until the transaction ends; LeaseLost when it is no longer ours to write."""
        if not self.owned().select_for_update(of=("self",)).first():
            raise LeaseLost(f"Step {self.step.pk} has another owner or has ended.")

    def save(self, **fields: Any) -> None:
        """Write fields of the step at once; LeaseLost when it is no longer ours to write."""
        if not self.owned().update(**fields):
            raise LeaseLost(f"Step {self.step.pk} has another owner or has ended.")
        for name, value in fields.items():
            setattr(self.step, name, value)

    def remember(self, **facts: Any) -> None:
        """Add facts, which JSON can hold, to the step's memory."""
        self.save(memory={**self.step.memory, **facts})
