"""What a sync refuses or fails with; each text is a sentence that says what to do, and never holds the key."""

from django.utils.translation import gettext as _

from jobs.models import State
from universes.errors import NotFound


class SyncError(Exception):
    """Any of these. `facts` is what a job's step keeps of it besides the sentence."""

    @property
    def facts(self):
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
    """A file that Supabase lists, but does not give, or not as it is listed."""


class Damaged(RemoteError):
    """A row or a file entry of Supabase that nothing can be made of: its universe is set aside, and others go on."""


class Cancelled(SyncError):
    """Somebody stopped it."""


class NotThere(SyncError):
    """The universe is not found in Supabase."""


class Conflict(SyncError):
    """What lies here is in the way of what comes, or changed meanwhile."""


class NoSpace(SyncError):
    """The disk here is full."""


class Refused(SyncError):
    """The plan takes too much away to be done without `force`; the plan goes with it."""

    def __init__(self, sentence, plan=None):
        super().__init__(sentence)
        self.plan = plan or {}
        self.extra = {"plan": self.plan}

    @property
    def facts(self):
        return {"error": "Refused", "plan": self.plan}


KINDS = {
    kind.__name__: kind
    for kind in (NotConfigured, Unreachable, WrongKey, RemoteError, NotThere, Conflict, NoSpace, NotFound)
}


def from_step(step):
    """The error that a step of a sync ended with."""
    facts = step.result or {}
    if step.status == State.CANCELLED:
        return Cancelled(_("The sync was cancelled; run it again to finish."))
    if facts.get("error") == "Refused":
        return Refused(step.error, facts.get("plan"))
    return KINDS.get(facts.get("error"), RemoteError)(step.error)
