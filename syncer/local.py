"""The side here: a universe is read from the database and the bucket, and a plan is applied to them.

Files are staged first. One short transaction writes the rows and a journal; then the journal is completed.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from storage import archive, bucket
from storage.errors import is_disk_full
from storage.messages import gettext as _
from storage.staging import claim
from universes import rows
from universes.models import Revision, Universe
from universes.rows import BY_NAME, TABLES, UNIVERS, UNIVERS_ASSETS, Row, Table
from universes.services import revisions

from . import journals, progress
from .errors import Conflict, NoSpace
from .journals import Placement
from .models import Journal, SyncedState
from .plan import CREATE, DELETE, RESTORE, UPDATE, FileChange, Plan
from .sides import File, Snapshot, Source, mirrorable

BATCH = 500


# --- The universe in Supabase that one here was synced with. Its id counts for the SUPABASE_URL that gave it alone.


def states() -> QuerySet[SyncedState]:
    """States noted with the present Supabase; those without an address are of before addresses were noted."""
    return SyncedState.objects.filter(address__in=("", settings.SUPABASE_URL))


def linked() -> QuerySet[Universe]:
    """The universes here whose `supabase_id`, if any, is one of the present Supabase."""
    elsewhere = SyncedState.objects.exclude(pk__in=states())
    return Universe.objects.exclude(pk__in=elsewhere)


def remote_id(universe: Universe) -> int | None:
    """The id of a universe in the present Supabase; None when it is not known."""
    return linked().filter(pk=universe.pk).values_list("supabase_id", flat=True).first()


def unlink(supabase_id: int | None) -> None:
    """Take this id from the universe here that has it, since another one gets it."""
    Universe.objects.filter(supabase_id=supabase_id).update(supabase_id=None)


def former_folder(universe: Universe, slug: str) -> str:
    """The other folder in which its media may be if they did not follow when it got this slug; empty: none."""
    if universe.slug != slug:
        return universe.slug
    return states().filter(universe=universe).values_list("folder", flat=True).first() or ""


def note(universe: Universe, digest: str, folder: str = "") -> None:
    """Remember the content of both sides; nothing is written when that is noted already."""
    noted = {"digest": digest, "address": settings.SUPABASE_URL, "folder": folder, "ahead": False}
    if not SyncedState.objects.filter(universe=universe, **noted).exists():
        SyncedState.objects.update_or_create(universe=universe, defaults=noted)


def note_drift(universe: Universe, is_ahead: bool) -> None:
    """Remember whether Supabase has changed since this universe was last synced."""
    states().filter(universe=universe, ahead=not is_ahead).update(ahead=is_ahead)


def other_with_slug(slug: str, universe: Universe | None) -> Universe | None:
    found = Universe.objects.filter(slug=slug)
    return (found.exclude(pk=universe.pk) if universe else found).first()


def counterpart(row: Row, exists: Callable[[int], bool]) -> Universe | None:
    """The universe here of a row of `univers` in Supabase: by its id there, else by slug.

    `exists`: whether Supabase has a universe of an id. A universe with the slug and a row of its own is another one.
    """
    if synced := linked().filter(supabase_id=row["id"]).first():
        return synced
    same = Universe.objects.filter(slug=row["slug"]).first()
    own_id = remote_id(same) if same else None
    return None if own_id is not None and exists(own_id) else same


class LocalSide:
    """A universe here; None: there is nothing but files that may be in the folder of its slug.

    `slug`: the one that it is to have. As a target: `remote_id` is its id in Supabase if it is created here; `cause`
    and `author` are those of the revision of all that is overwritten.
    """

    def __init__(
        self,
        slug: str,
        universe: Universe | None,
        *,
        remote_id: int | None = None,
        cause: str = "pull",
        author: str = "",
    ) -> None:
        self.slug, self.universe = slug, universe
        self._remote_id, self._why = remote_id, (cause, author)

    @property
    def _folder(self) -> str:
        return self.universe.slug if self.universe else self.slug

    @cached_property
    def snapshot(self) -> Snapshot:
        found, reports = mirrorable(self.slug, rows.read(self.universe)) if self.universe else ({}, [])
        files = {
            info.name: File(info.name, info.size, info.md5, info.sha256)
            for info in bucket.listing(self._folder).values()
        }
        return Snapshot(self.slug, found, files, tuple(reports))

    def reading(self, file: File, staged: Path) -> AbstractContextManager[Path]:
        return bucket.fetched(self._folder, file.name)

    def apply(self, plan: Plan, source: Source) -> None:
        """An error before the transaction changes nothing, and leaves staged files for a retry.

        An error after it leaves a journal, which a later call of `journals.finish` completes.
        """
        folder = journals.stage(plan.slug)
        with claim(folder) as is_ours:
            if not is_ours:
                raise Conflict(
                    _("Another sync of '%(slug)s' is at it; try again when that has ended.")
                    % {"slug": plan.slug}
                )
            with _telling_of_full_disk(plan, folder):
                progress.in_parallel(partial(_stage, source, folder), plan.file_changes(CREATE, UPDATE))
                journal = journals.draft(plan, self._folder, folder, *self._why)
                self._commit(plan, folder, journal)
                journals.complete(journal)
        progress.done(len(plan.rows) + len(plan.file_changes(DELETE)))

    def _commit(self, plan: Plan, folder: Path, journal: Journal) -> None:
        """New files, then the rows with the journal; or nothing at all."""
        old_slug = journal.old_slug
        moved = bucket.names(old_slug) if old_slug != plan.slug else ()
        placement = Placement(plan.slug)
        with ExitStack() as held, placement.rolled_back_on_error():
            new = {name: held.enter_context(bucket.fetched(old_slug, name)) for name in moved}
            new |= {change.name: folder / change.name for change in plan.file_changes(CREATE)}
            # New files are there before a row names them; replaced ones follow the rows.
            placement.put(new)
            archived = archive.add_from_bucket(old_slug, [c.name for c in plan.file_changes(UPDATE, DELETE)])
            if old_slug == plan.slug:
                archived |= placement.archived
            else:
                self._archive_files(plan.slug, placement.archived)
            self._write_rows(plan, archived, journal)

    def _write_rows(self, plan: Plan, archived: dict[str, str], journal: Journal) -> None:
        try:
            with transaction.atomic():
                if not self.universe:
                    self._archive_files(plan.slug, archived)
                elif archived or _overwrites(plan):
                    revisions.create(self.universe, *self._why, archived | _absent(plan))
                self.universe = write(self.universe, plan, self._remote_id)
                # Revisions are found by the slug of their universe.
                Revision.objects.filter(univers_slug=journal.old_slug).update(univers_slug=plan.slug)
                journals.save(journal, self.universe, archived)
        except IntegrityError as error:
            raise Conflict(
                _(
                    "'%(slug)s' can't be written here: it changed meanwhile, or something else has its "
                    "slug or ids; look for that and %(direction)s it again (%(error)s)."
                )
                % {"slug": plan.slug, "direction": plan.direction, "error": error}
            ) from None

    def _archive_files(self, slug: str, files: dict[str, str]) -> None:
        """A revision without rows: of files in a folder of no universe, or that came meanwhile."""
        if files:
            revisions.create_from(slug, *self._why, files)


def _stage(source: Source, folder: Path, change: FileChange) -> None:
    with source.reading(change.file, folder / change.name):
        pass


@contextmanager
def _telling_of_full_disk(plan: Plan, folder: Path) -> Iterator[None]:
    """NoSpace for a full disk; staged files go after any error of the disk."""
    try:
        yield
    except OSError as error:
        journals.abandon(folder)
        if is_disk_full(error):
            raise NoSpace(
                _("The disk here is full; make room and %(direction)s '%(slug)s' again.")
                % {"direction": plan.direction, "slug": plan.slug}
            ) from None
        raise


def _overwrites(plan: Plan) -> bool:
    """Whether the plan changes present rows. A restore always counts, since it can be undone."""
    changed = plan.rekeys or plan.row_changes(UPDATE) or plan.row_changes(DELETE)
    return bool(changed) or plan.direction == RESTORE


def _absent(plan: Plan) -> dict[str, None]:
    """The names of files that a restore creates: its revision says that they were absent."""
    created = plan.file_changes(CREATE) if plan.direction == RESTORE else []
    return {change.name: None for change in created}


# --- Rows


def write(universe: Universe | None, plan: Plan, remote_id: int | None) -> Universe:
    """Write the rows of a plan; returns the universe, which is created when None is given.

    In a transaction: rows are deleted for a moment that nobody else should see.
    """
    universe = universe or _create_universe(plan, remote_id)
    _delete(plan)
    rekey(plan.rekeys)
    _update(plan, universe)
    _create(plan, universe)
    return universe


def _create_universe(plan: Plan, remote_id: int | None) -> Universe:
    (change,) = plan.row_changes(CREATE, UNIVERS.name)
    values = {column: value for column, value in change.row.items() if column != "id"}
    unlink(remote_id)
    return Universe.objects.create(**values, supabase_id=remote_id)


def _delete(plan: Plan) -> None:
    for table in reversed(TABLES):
        gone = [change.id for change in plan.row_changes(DELETE, table.name)]
        for start in range(0, len(gone), BATCH):
            table.model._default_manager.filter(pk__in=gone[start : start + BATCH]).delete()


def rekey(rekeys: dict[str, dict[Any, Any]]) -> None:
    """Give rows their ids in Supabase, `{table: {old: new}}`; their children follow."""
    with transaction.atomic():
        for table, ids in rekeys.items():
            for old, new in ids.items():
                BY_NAME[table].model._default_manager.filter(pk=old).update(id=new)
                if table == UNIVERS_ASSETS.name:
                    _move_children(old, new)


def _move_children(old: Any, new: Any) -> None:
    for table in TABLES:
        if table.parent == "asset_id":
            table.model._default_manager.filter(asset_id=old).update(asset_id=new)


def _update(plan: Plan, universe: Universe) -> None:
    _make_way(plan)
    for change in plan.row_changes(UPDATE):
        table = BY_NAME[change.table]
        row_id = universe.pk if table is UNIVERS else change.id
        values = {table.attribute(column): value for column, value in change.values.items()}
        if "language" in change.fields:
            table.model._default_manager.create(**_values(table, change.row, universe))
        elif not table.model._default_manager.filter(pk=row_id).update(**values):
            raise Conflict(
                _("'%(slug)s' changed meanwhile; %(direction)s it again.")
                % {"slug": plan.slug, "direction": plan.direction}
            )


def _make_way(plan: Plan) -> None:
    """Rows that swap a natural key give it up first: cards by another file name, other rows by a new row."""
    for change in plan.row_changes(UPDATE):
        found = BY_NAME[change.table].model._default_manager.filter(pk=change.id)
        if "image_name" in change.fields:
            found.update(image_name=f"~{change.id}")
        elif "language" in change.fields:
            found.delete()


def _create(plan: Plan, universe: Universe) -> None:
    for table in TABLES[1:]:
        made = [
            table.model(**_values(table, change.row, universe))
            for change in plan.row_changes(CREATE, table.name)
        ]
        table.model._default_manager.bulk_create(made, batch_size=BATCH)


def _values(table: Table, row: Row, universe: Universe) -> dict[str, Any]:
    values = {table.attribute(column): value for column, value in row.items()}
    return {**values, "universe_id": universe.pk} if table.parent == "univers_id" else values
