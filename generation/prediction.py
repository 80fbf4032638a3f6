"""A step that is one prediction: bought once, looked after until it ended, found again after a crash."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from jobs.handlers import Drop, Handler, Outcome, Passing, Permanent, StepRun, Wait
from storage.messages import gettext as _

from . import adapters, outputs, provider, spending, webhooks
from .errors import (
    Broken,
    CannotGenerate,
    LimitReached,
    NotConfigured,
    ProviderError,
    Rejected,
    Throttled,
    Unknown,
    UnknownPrice,
    Unreachable,
)
from .models import Charge

FIRST_LOOK = 0.5
# Seconds between two looks for an order that was not answered.
SETTLE_PAUSE = 2
GONE = _("What it was for is gone.")
# (shortest, longest) seconds between two looks; the calm ones where a webhook tells of the end.
PAUSES, CALM_PAUSES = (0.2, 3), (2, 15)
# The times of predictions and the Date header may come from different clocks of the provider.
CLOCK_SLACK = timedelta(minutes=5)
PAUSE_WHEN_THROTTLED = 5

log = logging.getLogger(__name__)


Target = TypeVar("Target", bound=models.Model)


class Prediction(Handler, Generic[Target]):
    """Each kind says what it is about (`find`), what it asks for (`texts`, `files`) and what becomes of it (`finish`).

    `setting`: which of the configured models it uses.
    """

    setting = ""

    def find(self, step: StepRun) -> Target | None:
        """The row that the step is for; None when that is gone."""
        raise TypeError(f"{type(self).__name__} does not say what it is for")

    def texts(self, step: StepRun, target: Target) -> dict[str, Any]:
        """The model's input but for files; raises CannotGenerate for what the model would refuse."""
        raise TypeError(f"{type(self).__name__} does not say what it asks for")

    def files(self, step: StepRun, target: Target) -> dict[str, Any]:
        return {}

    def finish(self, step: StepRun, target: Target, prediction: dict[str, Any]) -> Outcome:
        """Done, or Wait for another round, with a prediction that succeeded."""
        raise TypeError(f"{type(self).__name__} does not say how it finishes")

    def keep(self, step: StepRun, prediction: dict[str, Any]) -> None:
        """Archive a paid result that nobody waits for any more."""

    def advance(self, step: StepRun) -> Outcome:
        with as_outcomes():
            target = self.find(step)
            if target is None:
                return self._let_go(step) or Drop(GONE)
            if not step.external_id:
                return self._begin(step, target)
            prediction = self._look(step)
            if prediction["status"] not in provider.ENDED:
                return Wait(_pause(step))
            spending.settle_step(step, prediction["status"])
            if prediction["status"] != "succeeded":
                raise Permanent(provider.why(prediction), spent=True)
            # A failure of it now would be a failure of it again.
            step.was_answered = True
            return self.finish(step, target, prediction)

    def cancel(self, step: StepRun) -> Wait | None:
        with as_outcomes():
            return self._let_go(step)

    def _look(self, step: StepRun) -> dict[str, Any]:
        try:
            return provider.get(step.external_id)
        except Unknown:
            # It was bought, and nobody can say any more how it ended.
            spending.settle_step(step, "unknown")
            raise

    def _let_go(self, step: StepRun) -> Wait | None:
        """Stop what was begun; what is finished and paid for all the same is kept.

        Wait when the provider may be about to begin it.
        """
        if step.external_id or self._adopt(step):
            self._stop(step)
        elif left := _unsettled(step):
            return Wait(left)
        else:
            spending.release_step(step)
        return None

    def _stop(self, step: StepRun) -> None:
        try:
            prediction = provider.cancel(step.external_id)
        except Unknown:
            spending.settle_step(step, "unknown")
            return
        spending.settle_step(step, prediction["status"])
        if prediction["status"] == "succeeded":
            self._keep_if_any(step, prediction)

    def _keep_if_any(self, step: StepRun, prediction: dict[str, Any]) -> None:
        try:
            self.keep(step, prediction)
        except Permanent as error:
            # It was to end anyway; that there was nothing worth keeping makes it no failure.
            log.info("Step %s left nothing to keep: %s", step.pk, error)

    def _begin(self, step: StepRun, target: Target) -> Wait:
        if self._adopt(step):
            return Wait(FIRST_LOOK)
        if left := _unsettled(step):
            return Wait(left)
        # The intended order is repeated, whatever its prompt says by now.
        texts = step.memory["input"] if step.intent_at else self.texts(step, target)
        files = self.files(step, target)
        if step.intent_at:
            self._intend_again(step)
        else:
            spending.afford(partial(self._intend, step, texts))
        self._create(step, {**texts, **files})
        return Wait(FIRST_LOOK)

    def _intend(self, step: StepRun, texts: dict[str, Any]) -> None:
        """From here on it may be bought: that, and the money for it, are saved together or not at all."""
        there = provider.now().isoformat()
        order = {"model": adapters.model(self.setting), "input": texts, "since": there, "asked": there}
        with transaction.atomic():
            step.hold()
            spending.reserve(self.setting, step.job.univers_slug, step=step)
            step.save(intent_at=timezone.now(), memory={**step.memory, **order})

    def _intend_again(self, step: StepRun) -> None:
        """The order was never made: by now it may be for another month to pay, and for more than is left of it."""
        try:
            spending.afford(partial(self._renew, step))
        except (LimitReached, UnknownPrice):
            _give_back(step)
            raise

    @transaction.atomic
    def _renew(self, step: StepRun) -> None:
        step.hold()
        spending.release_step(step)
        spending.reserve(self.setting, step.job.univers_slug, step=step)
        _note_time(step)

    def _create(self, step: StepRun, input: dict[str, Any]) -> None:
        model = step.memory["model"]
        try:
            prediction = provider.create(model, input, webhooks.address())
        except Unknown:
            others = adapters.other_names(model)
            tried = [*step.memory.get("unknown", []), model]
            if untried := [name for name in others if name not in tried]:
                step.remember(model=untried[0], unknown=tried)
                return self._create(step, input)
            _give_back(step)
            raise Permanent(
                _("Replicate knows no model '%(name)s'; set %(setting)s to another one.")
                % {"name": tried[0], "setting": self.setting}
            ) from None
        except ProviderError as error:
            # After a definite no there is nothing to look for.
            _give_back(step) if error.certain else _note_time(step)
            raise
        try:
            _attach(step, prediction["id"])
        except IntegrityError:
            # Another step took it for its own, which was not answered: a later look takes that one.
            _note_time(step)
            raise Passing(_("Replicate answered with a prediction that another step has.")) from None

    def _adopt(self, step: StepRun) -> bool:
        """Find what an unanswered create made, and make it this step's own; returns whether there was one.

        Of those that are alike the oldest: the younger are more likely to be those of others.
        """
        if not step.intent_at:
            return False
        since = datetime.fromisoformat(step.memory.get("since") or step.intent_at.isoformat())
        for prediction in reversed(list(_made_since(since - CLOCK_SLACK))):
            if not _is_of(step, prediction) or _is_taken(prediction["id"]):
                continue
            try:
                _attach(step, prediction["id"])
            except IntegrityError:
                # Another step took it between our look and our write.
                continue
            return True
        return False


@contextmanager
def as_outcomes() -> Iterator[None]:
    """Turn errors of the provider into outcomes of the step."""
    try:
        yield
    except Throttled as error:
        wait = PAUSE_WHEN_THROTTLED if error.retry_after is None else error.retry_after
        raise Passing(error, retry_after=wait, counts=False) from None
    except (Unreachable, Broken) as error:
        raise Passing(error) from None
    except Unknown:
        raise Permanent(
            _("Replicate no longer has this prediction; generate it again."), spent=True
        ) from None
    except (Rejected, NotConfigured, CannotGenerate, LimitReached) as error:
        raise Permanent(error) from None


@transaction.atomic
def _attach(step: StepRun, prediction_id: str) -> None:
    step.save(external_id=prediction_id)
    spending.attach_step(step, prediction_id)


def _note_time(step: StepRun) -> None:
    """An order may arrive at the provider at any moment up to now, by its clock."""
    step.remember(asked=provider.now().isoformat())


def _unsettled(step: StepRun) -> float:
    """Seconds to wait until an order that is not in the provider's list counts as never made; 0 when it does.

    The list need not show at once what was made, nor is each request carried out as soon as we give up on it.
    """
    if not step.intent_at:
        return 0
    age = (provider.now() - datetime.fromisoformat(step.memory["asked"])).total_seconds()
    if age < -1:
        # Its clock was set back since; what was asked for then was asked for by now.
        _note_time(step)
    left = settings.REPLICATE_SETTLE_SECONDS - age
    return max(0, min(SETTLE_PAUSE, left))


@transaction.atomic
def _give_back(step: StepRun) -> None:
    step.save(intent_at=None)
    spending.release_step(step)


def _pause(step: StepRun) -> float:
    """Seconds to the next look: soon for what takes seconds, calmly for what takes minutes."""
    now = timezone.now()
    age = (now - (step.intent_at or now)).total_seconds()
    shortest, longest = CALM_PAUSES if webhooks.address() else PAUSES
    return min(longest, max(shortest, age / 10))


def _made_since(moment: datetime) -> Iterator[dict[str, Any]]:
    """Newest first; one without a readable time counts as made since."""
    for prediction in provider.created_since(moment):
        made = _time(prediction.get("created_at"))
        if made and made < moment:
            return
        yield prediction


def _time(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _is_of(step: StepRun, prediction: dict[str, Any]) -> bool:
    """Same model, same texts and numbers; a file may be shown under another address than it was sent with."""
    if prediction.get("model") != adapters.base_name(step.memory["model"]):
        return False
    given = prediction.get("input")
    wanted = {key: value for key, value in step.memory["input"].items() if not outputs.is_file(value)}
    return isinstance(given, dict) and all(given.get(key) == value for key, value in wanted.items())


def _is_taken(prediction_id: str) -> bool:
    """True when it is in the books, where those of deleted steps and of requests are, too."""
    return Charge.objects.filter(prediction_id=prediction_id).exists()
