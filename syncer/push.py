"""Applying a plan to Supabase, in an order in which its readers never see a universe empty or a card without files."""

import json
from collections import defaultdict
from functools import partial

from django.utils.translation import gettext

from storage import bucket
from universes.rows import TABLES, UNIVERS, UNIVERS_ASSETS

from . import progress, received, remote, swaps
from .errors import Conflict, RemoteError
from .moving import in_parallel
from .plan import CREATE, DELETE, UPDATE
from .snapshots import File


def write(plan, client, remote_id):
    """What follows the files: rows from parents to children, then deletes, rows before files.

    `remote_id`: None for a universe that is new over there. Returns the universe's id there.
    An error leaves off at that point; what is over there is whole, and running again goes on.
    """
    universe = plan.row_changes(CREATE, UNIVERS.name)
    if universe:
        remote_id = _create_hidden(client, universe[0].row)
    for table in TABLES[1:]:
        swaps.make_way(plan, client, table)
        _create(plan, client, table, remote_id)
        _update(plan, client, table)
    if universe and universe[0].row.get("is_public", False) is not False:
        client.update(UNIVERS.name, remote_id, {"is_public": universe[0].row["is_public"]})
    _update(plan, client, UNIVERS)
    _delete(plan, client)
    return remote_id


def upload(plan, client, files_here):
    """Put the plan's files over there, which must come before its rows; `files_here`: `{name: File}` of this side."""
    names = [change.name for change in plan.file_changes(CREATE, UPDATE)]
    if not names:
        return
    try:
        in_parallel(partial(_send, client, plan.slug), names)
    except FileNotFoundError:
        raise Conflict(
            gettext("A file of '%(slug)s' went away while it was pushed; push again.") % {"slug": plan.slug}
        ) from None
    _verify(plan.slug, client, {name: files_here[name] for name in names})


def _send(client, slug, name):
    with bucket.fetched(slug, name) as path:
        client.upload(path, f"{slug}/{name}")


def _verify(slug, client, sent):
    """Look at what has arrived before any row shows it."""
    there, *_ = remote.listing(client, slug)
    for name, file in sent.items():
        came = there.get(name, File(name, -1))
        if came.size != file.size or (remote.MD5.fullmatch(came.etag) and came.md5 != file.md5):
            raise RemoteError(
                gettext("%(slug)s/%(name)s did not arrive whole in Supabase; push again.")
                % {"slug": slug, "name": name}
            )
    remote.remember(slug, {name: there[name] for name in sent}, sent)


def _create_hidden(client, row):
    """Its cards can only follow in further requests: until they are there it is not public."""
    values = {column: value for column, value in row.items() if column != "id"}
    hidden = {"is_public": False} if "is_public" in row else {}
    made = client.insert_one(UNIVERS.name, values | hidden)
    progress.done()
    return received.value(UNIVERS, "id", made)


def _create(plan, client, table, remote_id):
    rows = [change.row for change in plan.row_changes(CREATE, table.name)]
    if table.parent == "univers_id":
        rows = [{**row, "univers_id": remote_id} for row in rows]
    client.insert(table.name, rows)
    progress.done(len(rows))


def _update(plan, client, table):
    """Each row is told what changes in it and nothing else; those that change alike are told together."""
    alike = defaultdict(list)
    for change in plan.row_changes(UPDATE, table.name):
        alike[json.dumps(change.values, sort_keys=True)].append(change)

    def tell(changes):
        client.update_alike(table.name, [change.id for change in changes], changes[0].values)

    in_parallel(tell, list(alike.values()), heard=False)
    progress.done(len(plan.row_changes(UPDATE, table.name)))


def _delete(plan, client):
    # The rows below a card go with it, in one piece: Supabase's foreign keys cascade.
    cards = {change.id for change in plan.row_changes(DELETE, UNIVERS_ASSETS.name)}
    for table in reversed(TABLES):
        gone = plan.row_changes(DELETE, table.name)
        client.delete(table.name, [change.id for change in gone if change.row.get("asset_id") not in cards])
    names = [change.name for change in plan.file_changes(DELETE)]
    client.remove([f"{plan.slug}/{name}" for name in names])
    remote.forget(plan.slug, names)
    progress.done(len(plan.row_changes(DELETE)) + len(names))
