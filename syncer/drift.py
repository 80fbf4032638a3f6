"""Drift: the differences between the two sides, universe by universe, and which side changed since the last sync.

A state is remembered when it is looked at, for pages that do not ask Supabase.
"""

from typing import NotRequired, TypedDict

from universes.models import Universe
from universes.rows import Row

from . import local, remote_rows
from .client import client
from .errors import RemoteError, unfit
from .local import LocalSide
from .remote_rows import Queries, Tables, WholeTables
from .sides import digest
from .sync import counterpart, remote_source

SAME, LOCAL_NEWER, REMOTE_NEWER, BOTH_CHANGED = "same", "local newer", "remote newer", "both changed"
DIFFERS, ONLY_HERE, ONLY_THERE = "differs", "only here", "only there"
UNREADABLE = "unreadable"


class Entry(TypedDict):
    """`state`: one of the above; `differs` if it was never synced from here. `error`: why it is unreadable."""

    slug: str
    state: str
    error: NotRequired[str]


def overview() -> list[Entry]:
    """Of all universes on either side, by slug."""
    tables = WholeTables(client())
    rows, _, failed = remote_rows.universes(client())
    paired = [(counterpart(tables, row), row) for row in rows]
    there = {here.pk for here, _ in paired if here}
    found = [_entry(tables, here, row) for here, row in paired]
    found += [_unreadable(slug, error) for slug, error in failed.items()]
    alone = Universe.objects.exclude(pk__in=there).exclude(slug__in=failed)
    found += [_alone(tables, universe) for universe in alone]
    return sorted(found, key=lambda entry: entry["slug"])


def _alone(tables: Tables, here: Universe) -> Entry:
    """Of a universe without a readable row in Supabase."""
    try:
        if not remote_rows.find(tables, None, local.remote_id(here)):
            return {"slug": here.slug, "state": ONLY_HERE}
        raise unfit(here.slug)
    except RemoteError as error:
        return _unreadable(here.slug, error)


def _entry(tables: Tables, here: Universe | None, row: Row) -> Entry:
    try:
        return {"slug": row["slug"], "state": _state(tables, here, row)}
    except RemoteError as error:
        return _unreadable(row["slug"], error)


def _unreadable(slug: str, error: RemoteError) -> Entry:
    return {"slug": slug, "state": UNREADABLE, "error": str(error)}


def state_of(universe: Universe) -> str:
    """The state of one universe that is here. Raises SyncError when Supabase can't be read."""
    tables = Queries(client())
    row = remote_rows.find(tables, universe.slug, local.remote_id(universe))
    return _state(tables, universe, row) if row else ONLY_HERE


def _state(tables: Tables, here: Universe | None, row: Row) -> str:
    if not here:
        return ONLY_THERE
    there = remote_source(tables, row, here).snapshot
    mine = LocalSide(here.slug, here).snapshot
    ours, theirs = digest(mine, there), digest(there, mine)
    synced = local.states().filter(universe=here).values_list("digest", flat=True).first()
    local.note_drift(here, is_ahead=theirs not in (ours, synced))
    if ours == theirs:
        return SAME
    if not synced:
        return DIFFERS
    return {ours: REMOTE_NEWER, theirs: LOCAL_NEWER}.get(synced, BOTH_CHANGED)
