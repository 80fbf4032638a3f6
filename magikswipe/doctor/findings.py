"""One thing that is not as it should be; looking for all of them, and mending them."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.utils import timezone

from api import failures

ERROR, NOTE = "error", "note"
# Younger files and rows may still be in use.
SPARED = timedelta(hours=1)
# Revisions and the log tell who it was.
AUTHOR = "doctor"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finding:
    """`sentence` says what is wrong and, where `fix` does not do it, what to do. A note is only to be known."""

    code: str
    sentence: str
    fix: Callable[[], object] | None = None
    level: str = ERROR


Check = Callable[[], Iterable[Finding]]
Stage = tuple[Check, tuple[Check, ...]]


def note(code: str, sentence: str) -> Finding:
    return Finding(code, sentence, level=NOTE)


def old() -> datetime:
    """The moment before which something counts as left behind."""
    return timezone.now() - SPARED


def old_seconds() -> float:
    """The same in epoch seconds."""
    return time.time() - SPARED.total_seconds()


def some(names: Iterable[object]) -> str:
    """A few of the names, for a sentence: `a.png, b.png and 3 more`."""
    found = sorted(map(str, names))
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(found[:3]) + more


def examine(stages: Iterable[Stage], fix: bool = False) -> Iterator[tuple[Finding, bool]]:
    """Yield `(finding, fixed)` for all that is found. `fix`: mend what can be, each before the next is looked for.

    What is wrong with the first check of a stage, on which the others stand, ends the examination.
    """
    for foundation, checks in stages:
        broken = False
        for finding, fixed in _mended(foundation, fix):
            broken = broken or not fixed
            yield finding, fixed
        if broken:
            return
        for check in checks:
            yield from _mended(check, fix)


def _mended(check: Check, fix: bool) -> Iterator[tuple[Finding, bool]]:
    # All of one check first: mending one thing must not hide the next from it.
    for finding in _found(check):
        yield finding, _mend(finding) if fix else False


def _found(check: Check) -> list[Finding]:
    """A check's findings; one that says why where disk, database or files keep it from being made."""
    found = []
    try:
        found.extend(check())
    except (DatabaseError, OSError) as error:
        failure = failures.find(error)
        if not failure:
            raise
        log.error("The check %s broke off: %s", check.__name__, error)
        found.append(
            Finding("not-examined", f"{failure.sentence} ({check.__name__} could not be looked at.)")
        )
    return found


def _mend(finding: Finding) -> bool:
    if not finding.fix:
        return False
    log.info("Mending %s: %s", finding.code, finding.sentence)
    try:
        finding.fix()
    except (DatabaseError, OSError) as error:
        if not failures.find(error):
            raise
        log.error("%s could not be mended: %s", finding.code, error)
        return False
    return True


def is_wrong(finding: Finding, fixed: bool) -> bool:
    return finding.level == ERROR and not fixed
