"""One thing that is not as it should be."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

ERROR, NOTE = "error", "note"
# What is younger may be somebody's who is still at it.
SPARED = timedelta(hours=1)
# Revisions and the log tell who it was.
AUTHOR = "doctor"


@dataclass(frozen=True)
class Finding:
    """`sentence` says what is wrong and, where `fix` does not do it, what to do. A note is only to be known."""

    code: str
    sentence: str
    fix: Callable[[], object] | None = None
    level: str = ERROR


def note(code, sentence):
    return Finding(code, sentence, level=NOTE)


def old():
    """The moment before which something counts as left behind."""
    return timezone.now() - SPARED


def old_seconds():
    """The same in epoch seconds."""
    return time.time() - SPARED.total_seconds()


def some(names):
    """A few of the names, for a sentence: `a.png, b.png and 3 more`."""
    names = sorted(map(str, names))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
