"""What the runner hands to those who do the work, and what it expects of them."""

from .errors import LeaseLost
from .models import ACTIVE, JobStep


class Handler:
    """Does one kind of step. Named by dotted path in the step, made anew for each look."""

    def advance(self, step):
        """Start the work, or look after it; returns Done, Wait or Drop, raises Permanent or Passing.

        It is called again after a crash at any point, so whatever must not happen twice is saved with
        `step.save` before it is done.
        """
        raise TypeError(f"{type(self).__name__} does not say how it advances")

    def cancel(self, step):
        """Tell the other side to stop; called once or more, for a step that was begun. Wait: ask once more then."""


class StepRun:
    """A step in the hands of the runner that owns its job.

    `was_answered`: set by a handler that is about to read what the other side gave it. If that breaks in a way that
    nobody foresaw, a retry asks the other side anew.
    """

    def __init__(self, step, token):
        self.step, self.token = step, token
        self.was_answered = False

    def __getattr__(self, name):
        return getattr(self.step, name)

    def owned(self):
        """The row, if it is still active and its job is still ours."""
        return JobStep.objects.filter(
            pk=self.step.pk, status__in=ACTIVE, job__lease_token=self.token, job__status__in=ACTIVE
        )

    def hold(self) -> None:
        """Lock the row until the transaction ends; LeaseLost when it is no longer ours to write."""
        if not self.owned().select_for_update(of=("self",)).first():
            raise LeaseLost(f"Step {self.step.pk} has another owner or has ended.")

    def save(self, **fields):
        """Write fields of the step at once; LeaseLost when it is no longer ours to write."""
        if not self.owned().update(**fields):
            raise LeaseLost(f"Step {self.step.pk} has another owner or has ended.")
        for name, value in fields.items():
            setattr(self.step, name, value)

    def remember(self, **facts):
        self.save(memory={**self.step.memory, **facts})
