"""Errors of a sync; each text is a sentence that says what to do, and never holds the key."""

from typing import Any

from jobs.models import JobStep, State
from storage.messages import Text, gettext
from universes.errors import NotFound

from .plan import PlanJson


class SyncError(Exception):
    """Any of these. `facts`: stored in a job's step beside the sentence."""

    @property
    def facts(self) -> dict[str, Any]:
        return {"error": type(self).__name__}


class NotConfigured(SyncError):
    """An address or key is not set."""


class Unreachable(SyncError):
    """No answer from Supabase."""


class WrongKey(SyncError):
    """Supabase does not admit our key."""


class RemoteError(SyncError):
    """Supabase answered, but with an error or with something unusable."""


class Unreadable(RemoteError):
    """A file that Supabase lists, and does not give, or not as it is listed."""


class Damaged(RemoteError):
    """A row or a file entry of Supabase that can't be read; other universes are synced all the same."""


class Cancelled(SyncError):
    """Somebody stopped it."""


class NotThere(SyncError):
    """The universe is not found in Supabase."""


class Conflict(SyncError):
    """Something here is in the way, or changed meanwhile."""


class ChangedMeanwhile(SyncError):
    """Supabase has other rows than those of the plan; a push is planned anew."""


class NoSpace(SyncError):
    """The disk here is full."""


class Refused(SyncError):
    """The plan, as JSON, takes too much away to be applied without `force`."""

    def __init__(self, sentence: Text, plan: PlanJson | None = None) -> None:
        super().__init__(sentence)
        self.plan: PlanJson | dict[str, Any] = plan or {}
        self.extra: dict[str, Any] = {"plan": self.plan}

    @property
    def facts(self) -> dict[str, Any]:
        return {"error": "Refused", "plan": self.plan}


def unfit(slug: str) -> RemoteError:
    return RemoteError(
        gettext("'%(slug)s' has no name, or no slug that can name a folder; set it in Supabase.")
        % {"slug": slug}
    )


KINDS: dict[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (NotConfigured, Unreachable, WrongKey, RemoteError, NotThere, Conflict, NoSpace, NotFound)
}


def from_step(step: JobStep) -> Exception:
    """The error with which a step of a sync ended."""
    facts: dict[str, Any] = step.result or {}
    if step.status == State.CANCELLED:
        return Cancelled(gettext("The sync was cancelled; run it again to finish."))
    if facts.get("error") == "Refused":
        return Refused(step.error, facts.get("plan"))
    return KINDS.get(facts.get("error", ""), RemoteError)(step.error)
