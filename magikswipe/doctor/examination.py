"""All checks, in an order in which each can be made."""

import logging

from django.db import DatabaseError

from api import failures

from .files import contents, missing, records, strangers
from .findings import ERROR, Finding
from .installation import bucket, configuration, database, disk, integrity, models, names, supabase, worker
from .leftovers import archived, deletions, pulls, restores, temporary
from .work import held_slots, lost_steps, open_charges, stuck_jobs, unended_jobs

CHECKS = (
    integrity,
    names,
    configuration,
    models,
    supabase,
    disk,
    worker,
    stuck_jobs,
    unended_jobs,
    lost_steps,
    held_slots,
    open_charges,
)
FILES = (
    restores,
    pulls,
    deletions,
    contents,
    strangers,
    missing,
    records,
    archived,
    temporary,
)

# What is wrong with what checks stand on ends the examination.
STAGES = ((database, CHECKS), (bucket, FILES))

log = logging.getLogger(__name__)


def examine(fix=False):
    """Yield `(finding, fixed)` for all that is found. `fix`: mend what can be, each before the next is looked for."""
    for foundation, checks in STAGES:
        broken = False
        for finding, fixed in _mended(foundation, fix):
            broken = broken or not fixed
            yield finding, fixed
        if broken:
            return
        for check in checks:
            yield from _mended(check, fix)


def _mended(check, fix):
    # All of one check first: mending one thing must not hide the next from it.
    for finding in _found(check):
        yield finding, _mend(finding) if fix else False


def _found(check):
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


def _mend(finding):
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


def is_wrong(finding, fixed):
    return finding.level == ERROR and not fixed
