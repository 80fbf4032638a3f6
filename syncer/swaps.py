"""Rows over there that stand for what other rows are about to stand for: they make way before those are written.

Which unique constraints Supabase has is not known; two rows that swap their languages would meet half-way.
"""

from universes.rows import UNIVERS_ASSETS

from . import received
from .plan import CREATE, DELETE, UPDATE


def make_way(plan, client, table):
    """Cards get a file name of nobody's until they are written; what has no rows below it is added anew at once."""
    changes = _in_the_way(plan, table)
    if table is UNIVERS_ASSETS:
        for change in changes:
            client.update(table.name, change.id, {"image_name": f"{change.id}.png"})
    elif changes:
        _add_anew(client, table, changes)


def _in_the_way(plan, table):
    comes = [*plan.row_changes(CREATE, table.name), *plan.row_changes(UPDATE, table.name)]
    wanted = {_key(table, change.row): change.id for change in comes}
    present = {c.id: c for action in (UPDATE, DELETE) for c in plan.row_changes(action, table.name)}
    keys = {row_id: _key(table, change.old or change.row) for row_id, change in present.items()}
    return [change for row_id, change in present.items() if wanted.get(keys[row_id], row_id) != row_id]


def _key(table, row):
    parent = row[table.parent] if table.parent == "asset_id" else None
    return (parent, *(row.get(column) for column in table.natural))


def _add_anew(client, table, changes):
    """With the columns that we don't know; a row that is to be deleted is gone for good."""
    found = client.select(table.name, "id", [change.id for change in changes])
    rows = {received.value(table, "id", row): row for row in found}
    client.delete(table.name, list(rows))
    updates = [change for change in changes if change.action == UPDATE and change.id in rows]
    client.insert(table.name, [rows[change.id] | change.values for change in updates])
