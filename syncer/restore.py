"""A universe made equal to a revision: planned and applied like a pull, from the archive."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from storage import archive
from storage.messages import gettext as _
from universes.models import Revision, Universe
from universes.names import THUMBNAIL, music_name, video_names
from universes.rows import TABLES, UNIVERS, UNIVERS_ASSETS, UNIVERS_MUSIC_PROMPTS, Row, Rows, Table
from universes.services import revisions

from . import local
from .errors import Conflict
from .local import LocalSide
from .plan import PUSH, RESTORE, UNPUBLISH, build
from .sides import File, Files, Snapshot, mirrorable
from .sync import Result, Sync, checked, finish, result

# The causes of revisions with rows of Supabase: their universe has its id there.
REMOTE_CAUSES = {PUSH, UNPUBLISH}
BATCH = 500
ELSEWHERE = _("Put it back into the archive from a backup, or restore another revision.")


@dataclass(frozen=True)
class RevisionSource:
    """A universe as a revision has it, with files in the archive."""

    snapshot: Snapshot

    @contextmanager
    def reading(self, file: File, staged: Path) -> Iterator[Path]:
        """Conflict when the archived copy is gone or damaged."""
        try:
            came = archive.copy_to(file.sha256, staged)
        except FileNotFoundError:
            raise _gone(file.name) from None
        if came != file.sha256:
            raise Conflict(
                _("The archived copy of '%(name)s' is damaged; nothing was changed. %(error)s")
                % {"name": file.name, "error": ELSEWHERE}
            )
        yield staged


def _gone(name: str) -> Conflict:
    return Conflict(
        _("The archived copy of '%(name)s' is gone; nothing was changed. %(error)s")
        % {"name": name, "error": ELSEWHERE}
    )


def run(revision_id: object, *, force: bool = False, author: str = "") -> Result:
    """Replaced rows and files become a revision of the cause `restore`."""
    sync = checked(prepare(revision_id, author), force)
    if not sync.plan.is_empty:
        sync.target.apply(sync.plan, sync.source)
    return result(sync)


def prepare(revision_id: object, author: str = "") -> Sync[RevisionSource, LocalSide]:
    """The plan of a restore.

    NotFound when there is no such revision; Conflict when an archived file is gone, when another universe has the
    slug, or when the universe is gone and the revision has only a part of it.
    """
    revision, here = _settled(revision_id)
    slug = _slug(revision, here)
    target = LocalSide(slug, here, cause=RESTORE, author=author)
    present = target.snapshot
    rows = _with_free_ids(revision, here)
    rows, reports = mirrorable(
        slug, {**present.rows, **rows} if UNIVERS.name in rows else _merged(rows, present.rows)
    )
    source = RevisionSource(Snapshot(slug, rows, _files(revision, rows, present), tuple(reports)))
    return Sync(build(source.snapshot, present, RESTORE), source, target)


def _settled(revision_id: object) -> tuple[Revision, Universe | None]:
    """The revision and its universe here, after files that leave the universe are archived."""
    revision = revisions.find(revision_id)
    here = _counterpart(revision)
    for slug in {revision.univers_slug, here.slug if here else revision.univers_slug}:
        finish(slug)
    return revisions.find(revision.pk), here


def slug_of(revision: Revision) -> str:
    """The present slug of the universe of a revision."""
    here = _counterpart(revision)
    return here.slug if here else revision.univers_slug


def _counterpart(revision: Revision) -> Universe | None:
    """The universe of a revision: by its id, else by its slug."""
    its_id = _universe_id(revision.rows)
    by_id = None
    if its_id is not None and revision.cause in REMOTE_CAUSES:
        by_id = local.linked().filter(supabase_id=its_id).first()
    elif its_id is not None:
        by_id = Universe.objects.filter(pk=its_id).first()
    return by_id or Universe.objects.filter(slug=revision.univers_slug).first()


def _universe_id(rows: Rows) -> int | None:
    ids = [row["id"] for row in rows.get(UNIVERS.name, [])]
    ids += [row["univers_id"] for t in TABLES if t.parent == "univers_id" for row in rows.get(t.name, [])]
    return next(iter(ids), None)


def _slug(revision: Revision, here: Universe | None) -> str:
    """The slug after the restore: that of the revision, if it has the universe itself."""
    for row in revision.rows.get(UNIVERS.name, []):
        if other := local.other_with_slug(row["slug"], here):
            raise Conflict(
                _(
                    "The revision is of '%(slug)s', but that is the slug of another universe by now, "
                    "'%(name)s'; give one of them another slug, or delete that one, and restore again."
                )
                % {"slug": row["slug"], "name": other.name}
            )
        return str(row["slug"])
    if not here:
        raise Conflict(
            _(
                "The revision kept only a part of '%(univers_slug)s', and that universe is gone; "
                "restore the revision of its deletion first."
            )
            % {"univers_slug": revision.univers_slug}
        )
    return here.slug


# --- Rows --------------------------------------------------------------------------------------------------


def _with_free_ids(revision: Revision, here: Universe | None) -> Rows:
    """The archived rows; one whose id a row of another universe has gets a new one, the same each time."""
    rows = {
        table.name: [_our_columns(table, row) for row in revision.rows[table.name]]
        for table in TABLES
        if table.name in revision.rows
    }
    ids = {taken: str(uuid.uuid5(revision.pk, taken)) for taken in _taken(rows, here)}
    return {name: [_with_ids(row, ids) for row in found] for name, found in rows.items()} if ids else rows


def _our_columns(table: Table, row: Row) -> Row:
    return {column: row[column] for column in table.columns if column in row}


def _taken(rows: Rows, here: Universe | None) -> set[str]:
    """The ids that rows of other universes have."""
    taken: set[str] = set()
    for table in TABLES[1:]:
        path = "universe" if table.parent == "univers_id" else "asset__universe"
        ids = [row["id"] for row in rows.get(table.name, [])]
        for start in range(0, len(ids), BATCH):
            elsewhere = table.model._default_manager.exclude(**{path: here}).filter(
                pk__in=ids[start : start + BATCH]
            )
            taken.update(map(str, elsewhere.values_list("pk", flat=True)))
    return taken


def _with_ids(row: Row, ids: Mapping[str, str]) -> Row:
    return {c: ids.get(value, value) if c in ("id", "asset_id") else value for c, value in row.items()}


def _merged(rows: Rows, present: Rows) -> Rows:
    """The present rows, of which the archived ones replace their like; cards are replaced with their children."""
    new = rows.get(UNIVERS_ASSETS.name, [])
    cards = {row["id"] for row in present[UNIVERS_ASSETS.name] if _is_among(UNIVERS_ASSETS, row, new)}
    merged = dict(present)
    for table in TABLES:
        if table.name in rows:
            new = rows[table.name]
            stay = [row for row in present[table.name] if not _is_replaced(table, row, new, cards)]
            merged[table.name] = stay + new
    return merged


def _is_replaced(table: Table, row: Row, new: list[Row], cards: set[Any]) -> bool:
    return row["asset_id"] in cards if table.parent == "asset_id" else _is_among(table, row, new)


def _is_among(table: Table, row: Row, others: list[Row]) -> bool:
    """Whether one of the others has the id or the natural key of this row."""
    return any(
        row["id"] == other["id"] or all(row[column] == other[column] for column in table.natural)
        for other in others
    )


# --- Files -------------------------------------------------------------------------------------------------


def _files(revision: Revision, rows: Rows, target: Snapshot) -> Files:
    """All files after the restore: those of the revision, and present ones that it does not name."""
    names, had = _names(rows), _names(target.rows)
    if target.universe:
        found = {name: file for name, file in target.files.items() if name in names or name not in had}
        told = revision.files
    else:
        # Files in the folder of no universe are not its own.
        found = {}
        told = _left_by_deletion(revision, names | {THUMBNAIL}) | revision.files
    found = {name: file for name, file in found.items() if name not in told}
    return found | {
        name: _archived_file(name, sha, target.files.get(name)) for name, sha in told.items() if sha
    }


def _names(rows: Rows) -> set[str]:
    """The names of the files of these cards and songs."""
    pictures = [row["image_name"] for row in rows.get(UNIVERS_ASSETS.name, [])]
    songs = [music_name(row["language"]) for row in rows.get(UNIVERS_MUSIC_PROMPTS.name, [])]
    return {*pictures, *chain.from_iterable(map(video_names, pictures)), *songs}


def _left_by_deletion(revision: Revision, names: set[str]) -> dict[str, str]:
    """Of a universe that was deleted since: `{name: sha256}` of its files then that are among the names."""
    later = Revision.objects.filter(univers_slug=revision.univers_slug, created_at__gt=revision.created_at)
    files = (
        later.filter(cause=revisions.DELETE).order_by("-created_at").values_list("files", flat=True).first()
    )
    return {name: sha for name, sha in (files or {}).items() if name in names}


def _archived_file(name: str, sha256: str, present: File | None) -> File:
    if present and present.sha256 == sha256:
        return present
    size = archive.size(sha256)
    if size is None:
        raise _gone(name)
    return File(name, size, sha256=sha256)
