"""The side that is here: the ORM and the bucket."""

from django.db import transaction
from django.utils.translation import gettext as _

from storage import bucket
from universes import rows
from universes.models import Universe
from universes.rows import BY_NAME, TABLES, UNIVERS, UNIVERS_ASSETS

from . import known
from .errors import Conflict
from .plan import CREATE, DELETE, UPDATE
from .snapshots import File, Snapshot, tidy

BATCH = 500


def counterpart(remote, is_there):
    """The universe here that a row of Supabase's `univers` stands for: by its id there, else by slug; or None.

    `is_there(id)`: whether Supabase has a universe of this id. The one here with the same slug is another one if it
    has a row of its own over there.
    """
    if synced := known.universes().filter(supabase_id=remote["id"]).first():
        return synced
    same = Universe.objects.filter(slug=remote["slug"]).first()
    own_id = known.id_there(same) if same else None
    return None if own_id is not None and is_there(own_id) else same


def snapshot(slug, universe):
    """What is here of a universe; `universe` None: nothing but files that may lie in its folder."""
    folder = universe.slug if universe else slug
    found, reports = tidy(slug, rows.read(universe)) if universe else ({}, [])
    files = {
        info.name: File(info.name, info.size, info.md5, info.sha256)
        for info in bucket.listing(folder).values()
    }
    return Snapshot(slug, found, files, tuple(reports))


def write(universe, plan, remote_id):
    """Make the rows of a universe here as planned; returns the universe, which is new when None was given.

    Must run in a transaction: what goes makes way for what comes, which nobody else should see.
    """
    universe = universe or _create_universe(plan, remote_id)
    _delete(plan)
    rekey(plan.rekeys)
    _update(plan, universe)
    _create(plan, universe)
    return universe


def _create_universe(plan, remote_id):
    (change,) = plan.row_changes(CREATE, UNIVERS.name)
    values = {column: value for column, value in change.row.items() if column != "id"}
    known.release(remote_id)
    return Universe.objects.create(**values, supabase_id=remote_id)


def _delete(plan):
    for table in reversed(TABLES):
        gone = [change.id for change in plan.row_changes(DELETE, table.name)]
        for start in range(0, len(gone), BATCH):
            table.model.objects.filter(pk__in=gone[start : start + BATCH]).delete()


def rekey(rekeys):
    """Give rows their ids in Supabase; `{table: {old: new}}`. Their children follow them."""
    with transaction.atomic():
        for table, ids in rekeys.items():
            for old, new in ids.items():
                BY_NAME[table].model.objects.filter(pk=old).update(id=new)
                if table == UNIVERS_ASSETS.name:
                    _move_children(old, new)


def _move_children(old, new):
    for table in TABLES:
        if table.parent == "asset_id":
            table.model.objects.filter(asset_id=old).update(asset_id=new)


def _update(plan, universe):
    _make_way(plan)
    for change in plan.row_changes(UPDATE):
        table = BY_NAME[change.table]
        row_id = universe.pk if table is UNIVERS else change.id
        values = {table.attribute(column): value for column, value in change.values.items()}
        if "language" in change.fields:
            table.model.objects.create(**_values(table, change.row, universe))
        elif not table.model.objects.filter(pk=row_id).update(**values):
            raise Conflict(
                _("'%(slug)s' changed meanwhile; %(direction)s it again.")
                % {"slug": plan.slug, "direction": plan.direction}
            )


def _make_way(plan):
    """Rows that swap what must be unique would meet half-way: cards get another name first, the rest is made anew."""
    for change in plan.row_changes(UPDATE):
        found = BY_NAME[change.table].model.objects.filter(pk=change.id)
        if "image_name" in change.fields:
            found.update(image_name=f"~{change.id}")
        elif "language" in change.fields:
            found.delete()


def _create(plan, universe):
    for table in TABLES[1:]:
        made = [
            table.model(**_values(table, change.row, universe))
            for change in plan.row_changes(CREATE, table.name)
        ]
        table.model.objects.bulk_create(made, batch_size=BATCH)


def _values(table, row, universe):
    values = {table.attribute(column): value for column, value in row.items()}
    return {**values, "universe_id": universe.pk} if table.parent == "univers_id" else values
