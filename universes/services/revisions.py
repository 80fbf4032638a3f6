"""Revisions: rows and files that a click is about to replace, archived within bounds.

A deletion goes in three steps, so that a stop at any point loses nothing and leaves nothing for long:

1. In one transaction the rows go, and a revision keeps them with the names of the files that are `leaving`.
2. The files are moved to the bucket's trash by renames alone, under the revision's id (`trash_leaving`).
3. They are archived from there, the revision learns their hashes, and the trash is discarded.

`archive_leaving` does the second and third, and completes what an earlier stop left; so does `prune`.
"""

import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, TypedDict

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, IntegerField, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone
from django.utils.module_loading import import_string

from storage import archive, bucket
from storage.messages import gettext as _

from .. import rows
from ..errors import NotFound
from ..models import Asset, Revision, Universe
from ..rows import UNIVERS_ASSETS, UNIVERS_MUSIC_PROMPTS, Rows, Table
from . import edits

DELETE = "delete"
# Retention spares files that a commit is about to name, and all that a click just replaced.
SPARED = timedelta(hours=1)
BATCH = 500

# `{file name: SHA-256}`; null says that there was no such file.
Files = dict[str, str | None] | dict[str, str]


class ArchivedFile(TypedDict):
    """`sha256` None: there was no such file. `size`, in bytes, None: the archived copy is gone, or never was."""

    sha256: str | None
    size: int | None


class Pruned(TypedDict):
    """How many revisions, archived files and bytes were deleted."""

    revisions: int
    files: int
    bytes: int


def create(
    universe: Universe,
    cause: str,
    author: str = "",
    files: Files | None = None,
    *,
    asset: Asset | None = None,
    language: str | None = None,
    leaving: list[str] | None = None,
) -> Revision:
    """Save rows as they stand; call it before the change, in the same transaction.

    Of the whole universe, or of one card (`asset`) or one song (`language`) alone where nothing else changes.
    `files`: files that were archived beforehand, since copying takes longer than a transaction may last. `leaving`:
    names of files that go with the rows; call `archive_leaving` once the transaction is committed.
    """
    if asset:
        saved = rows.read_card(asset)
    elif language:
        saved = rows.read_song(universe, language)
    else:
        saved = rows.read(universe)
    return _save(universe.slug, cause, author, saved, files or {}, leaving)


def create_from(slug: str, cause: str, author: str, files: Files, other_rows: Rows | None = None) -> Revision:
    """Save archived files where no rows change or the universe is gone; or rows from elsewhere, with their files."""
    return _save(slug, cause, author, other_rows or {}, files)


def archive_files(slug: str, names: Iterable[str], cause: str, author: str = "") -> None:
    """Move files from the bucket into the archive; missing ones are fine."""
    _save(slug, cause, author, {}, {}, list(names))
    archive_leaving(slug)


def _save(
    slug: str, cause: str, author: str, saved: Rows, files: Files, leaving: list[str] | None = None
) -> Revision:
    revision = Revision.objects.create(
        univers_slug=slug, cause=cause, author=author, rows=saved, files=files, leaving=leaving
    )
    transaction.on_commit(_prune_at_times, robust=True)
    return revision


# --- The list


class ArrayLength(Func):
    """The number of items in the array under a key of a JSON object; NULL where there is no such array."""

    output_field = IntegerField()

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        joiner = ", '$.' || "
        return self.as_sql(compiler, connection, function="JSON_ARRAY_LENGTH", arg_joiner=joiner, **context)

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        return self.as_sql(compiler, connection, function="JSONB_ARRAY_LENGTH", arg_joiner=" -> ", **context)


def find(revision_id: object) -> Revision:
    """Raises NotFound, also for a text that is no id."""
    try:
        return counted().get(pk=uuid.UUID(str(revision_id)))
    except (ValueError, Revision.DoesNotExist):
        raise NotFound(
            _("Revision '%(revision_id)s' not found.") % {"revision_id": str(revision_id)[:100]}
        ) from None


def listing(univers_slug: str | None = None) -> QuerySet[Revision]:
    """Revisions of one universe or of all, newest first; `rows` are deferred."""
    found = counted().defer("rows").order_by("-created_at", "-pk")
    return found.filter(univers_slug=univers_slug) if univers_slug else found


def counted() -> QuerySet[Revision]:
    """Revisions with the numbers of their `cards` and `songs`."""
    return Revision.objects.annotate(
        cards=_number_of(UNIVERS_ASSETS), songs=_number_of(UNIVERS_MUSIC_PROMPTS)
    )


def _number_of(table: Table) -> Coalesce:
    return Coalesce(ArrayLength("rows", Value(table.name)), Value(0))


def files_of(revision: Revision) -> dict[str, ArchivedFile]:
    """The archived files of a revision, by name."""
    return {
        name: {"sha256": sha256, "size": archive.size(sha256) if sha256 else None}
        for name, sha256 in sorted(revision.files.items())
    }


# --- Files on their way into the archive


def trash_leaving(slug: str) -> None:
    """Move files that leave with their rows to the trash; in a transaction, before a name is reused.

    A file that was written since belongs to the present owner of its name, and stays.
    """
    for revision in _unfinished(slug).select_for_update().defer("rows", "files"):
        bucket.trash_files(
            revision.univers_slug, revision.leaving or (), revision.pk.hex, revision.created_at.timestamp()
        )
        revision.leaving = None
        revision.save(update_fields=["leaving"])


def trash_folder(slug: str) -> None:
    """Move the folder of a deleted universe to the trash, if its slug is free; in a transaction.

    It has the files that left with the universe, if that broke off, and those that came too late.
    """
    deleted = Revision.objects.select_for_update().filter(univers_slug=slug, cause=DELETE)
    last = deleted.values_list("pk", flat=True).first()
    if last and not Universe.objects.filter(slug=slug).exists():
        bucket.trash_folder(slug, last.hex)


def archive_leaving(slug: str) -> None:
    """Trash and archive the files that leave this universe; outside a transaction, since it copies files."""
    with transaction.atomic():
        trash_leaving(slug)
    labels = [uuid.UUID(label) for label in bucket.trash_labels()]
    for revision in Revision.objects.filter(pk__in=labels, univers_slug=slug).values_list("pk", flat=True):
        _archive(revision)


def archive_all_leaving() -> None:
    """Do for all universes what `archive_leaving` does for one."""
    unfinished = (
        Revision.objects.filter(leaving__isnull=False).order_by().values_list("univers_slug", flat=True)
    )
    for slug in set(unfinished):
        with transaction.atomic():
            trash_leaving(slug)
    for label in bucket.trash_labels():
        _archive(uuid.UUID(label))


def _unfinished(slug: str) -> QuerySet[Revision]:
    return Revision.objects.filter(univers_slug=slug, leaving__isnull=False)


def _archive(pk: uuid.UUID) -> None:
    for trash, files in archive.add_trash(pk.hex):
        _add_files(pk, files)
        trash.discard(files)


@transaction.atomic
def _add_files(pk: uuid.UUID, files: dict[str, str]) -> None:
    """Tell a revision of its files; other bytes under a name that it has get a revision of their own."""
    revision = Revision.objects.select_for_update().defer("rows").filter(pk=pk).first()
    if not revision:
        # Retention took it: its files are as old, and go likewise.
        return
    others = {name: sha for name, sha in files.items() if revision.files.get(name, sha) != sha}
    revision.files = files | revision.files
    revision.save(update_fields=["files"])
    if others:
        create_from(revision.univers_slug, "late_result", revision.author, others)


# --- Retention


def _prune_at_times() -> None:
    if cache.add("universes.prune", True, SPARED.total_seconds()):
        prune()


def prune() -> Pruned:
    """Delete the oldest revisions beyond the bounds of the settings, then archived files that none names.

    Nothing younger than an hour goes. Files that an earlier stop left on their way are archived first.
    """
    archive_all_leaving()
    # Read before the revisions are: a file that is archived in between is not up for deletion.
    stats, old = archive.stats(), time.time() - SPARED.total_seconds()
    edits.prune()
    revisions = list(_beyond_bounds({sha: stat.st_size for sha, stat in stats.items()}))
    for start in range(0, len(revisions), BATCH):
        Revision.objects.filter(pk__in=revisions[start : start + BATCH]).delete()
    gone = [sha for sha in stats.keys() - needed_files() if archive.remove(sha, older_than=old)]
    archive.forget_originals(set(gone))
    bucket.sweep(older_than=old)
    archive.sweep(older_than=old)
    return {
        "revisions": len(revisions),
        "files": len(gone),
        "bytes": sum(stats[sha].st_size for sha in gone),
    }


def _beyond_bounds(sizes: dict[str, int]) -> Iterator[uuid.UUID]:
    """The ids of revisions to delete; `sizes`: bytes by SHA-256."""
    now, total = timezone.now(), 0
    counts: dict[str, int] = {}
    counted: set[str | None] = set()
    found = Revision.objects.order_by("-created_at").values_list("pk", "univers_slug", "created_at", "files")
    for pk, slug, created_at, files in found.iterator():
        counts[slug] = counts.get(slug, 0) + 1
        total += sum(sizes.get(sha, 0) for sha in set(files.values()) - counted)
        counted.update(files.values())
        if created_at < now - SPARED and (
            created_at < now - timedelta(days=settings.ARCHIVE_DAYS)
            or counts[slug] > settings.ARCHIVE_REVISIONS
            or total > settings.ARCHIVE_MB * 1024 * 1024
        ):
            yield pk


def needed_files() -> set[str]:
    """The hashes of all archived files that must stay.

    Those that revisions name, those that others are about to use, and the originals of any of these or of a present
    file.
    """
    named = named_files()
    others: list[set[str]] = [import_string(path)() for path in settings.ARCHIVE_NEEDED_BY]
    return named.union(archive.needed_originals(named), *others)


def named_files() -> set[str]:
    """The hashes of all archived files that revisions name."""
    named: set[str | None] = set()
    for files in Revision.objects.order_by().values_list("files", flat=True).iterator():
        named.update(files.values())
    return {sha256 for sha256 in named if sha256}
