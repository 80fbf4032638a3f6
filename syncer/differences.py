"""What differs between the two sides, universe by universe, and which side changed since they were last equal.

What is seen of Supabase is remembered, for those who don't ask it.
"""

from typing import Any

from universes.models import Universe

from . import known, local, remote, syncs
from .client import client
from .errors import RemoteError
from .snapshots import digest

SAME, LOCAL_NEWER, REMOTE_NEWER, BOTH_CHANGED = "same", "local newer", "remote newer", "both changed"
DIFFERS, ONLY_HERE, ONLY_THERE = "differs", "only here", "only there"
UNREADABLE = "unreadable"


def overview():
    """`[{"slug", "state"}]` of all universes on either side, by slug.

    `differs`: never synced from here, so that nobody knows which side changed. `unreadable`: what Supabase has of it
    can't be read; then `error` says why.
    """
    tables = remote.WholeTables(client())
    rows, _, failed = remote.universes(client())
    paired = [(syncs.counterpart(tables, row), row) for row in rows]
    there = {here.pk for here, _ in paired if here}
    found = [_entry(tables, here, row) for here, row in paired]
    found += [{"slug": slug, "state": UNREADABLE, "error": str(error)} for slug, error in failed.items()]
    alone = Universe.objects.exclude(pk__in=there).exclude(slug__in=failed)
    found += [_alone(tables, universe) for universe in alone]
    return sorted(found, key=lambda entry: entry["slug"])


def _alone(tables: remote.Tables, here: Universe) -> dict[str, str]:
    """One that no row over there stands for, unless that row can't be used."""
    try:
        if not remote.find(tables, None, known.id_there(here)):
            return {"slug": here.slug, "state": ONLY_HERE}
        raise syncs.unfit(here.slug)
    except RemoteError as error:
        return {"slug": here.slug, "state": UNREADABLE, "error": str(error)}


def _entry(tables: remote.Tables, here: Universe | None, row: dict[str, Any]) -> dict[str, str]:
    try:
        return {"slug": row["slug"], "state": _state(tables, here, row)}
    except RemoteError as error:
        return {"slug": row["slug"], "state": UNREADABLE, "error": str(error)}


def state_of(universe):
    """The state of one universe that is here; a SyncError when Supabase can't be asked."""
    tables = remote.Queries(client())
    row = remote.find(tables, universe.slug, known.id_there(universe))
    return _state(tables, universe, row) if row else ONLY_HERE


def _state(tables, here, row):
    if not here:
        return ONLY_THERE
    there = syncs.snapshot_there(tables, row, here)
    mine = local.snapshot(here.slug, here)
    ours, theirs = digest(mine, there), digest(there, mine)
    synced = known.states().filter(universe=here).values_list("digest", flat=True).first()
    known.saw(here, is_ahead=theirs not in (ours, synced))
    if ours == theirs:
        return SAME
    if not synced:
        return DIFFERS
    return {ours: REMOTE_NEWER, theirs: LOCAL_NEWER}.get(synced, BOTH_CHANGED)
