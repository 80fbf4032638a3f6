"""Keeping what a click is about to replace, within bounds.

A deletion goes in three steps, so that a stop at any point loses nothing and leaves nothing for long:

1. In one transaction the rows go, and a revision keeps them with the names of the files that are `leaving`.
2. The files are moved aside by renames alone, under the revision's id (`set_aside`).
3. They are archived from there, the revision learns their hashes, and what lay aside is discarded.

`finish` does the second and third, and takes up what an earlier stop left; so does `prune`.
"""

import time
import uuid
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from storage import archive, bucket, originals

from .. import rows
from ..models import Revision, Universe
from . import edits

DELETE = "delete"
# What a commit is about to name must not go before it is named; nor what a click just replaced.
SPARED = timedelta(hours=1)
BATCH = 500


def keep(universe, cause, author="", files=None, *, asset=None, language=None, leaving=None):
    """Save rows as they stand; call it before the change, in the same transaction.

    Of the whole universe, or of one card (`asset`) or one song (`language`) alone where nothing else changes.
    `files`: `{name: sha256}` of what was archived beforehand, since copying takes longer than a transaction may
    last. `leaving`: names of files that go with the rows; call `finish` once the transaction is through.
    """
    if asset:
        kept = rows.read_card(asset)
    elif language:
        kept = rows.read_song(universe, language)
    else:
        kept = rows.read(universe)
    return _save(universe.slug, cause, author, rows=kept, files=files or {}, leaving=leaving)


def keep_files(slug, cause, author, files):
    """Remember archived files, `{name: sha256}`, where no rows change or the universe is gone."""
    return keep_rows(slug, cause, author, {}, files)


def keep_rows(slug, cause, author, rows, files):
    """Remember rows that are not those of here, in the shape of `rows.read`, and archived files, `{name: sha256}`."""
    return _save(slug, cause, author, rows=rows, files=files)


def put_away(slug, names, cause, author=""):
    """Move files from the bucket into the archive; those that are not there are fine."""
    _save(slug, cause, author, rows={}, leaving=list(names))
    finish(slug)


def _save(slug, cause, author, **contents):
    revision = Revision.objects.create(univers_slug=slug, cause=cause, author=author, **contents)
    transaction.on_commit(_prune_at_times, robust=True)
    return revision


def set_aside(slug):
    """Move what left the universe's rows out of its folder; in a transaction, before a name is given again.

    A file that was written since belongs to who has its name now, and stays.
    """
    for revision in _unfinished(slug).select_for_update().defer("rows", "files"):
        bucket.set_aside_files(
            revision.univers_slug, revision.leaving, revision.pk.hex, revision.created_at.timestamp()
        )
        revision.leaving = None
        revision.save(update_fields=["leaving"])


def set_aside_folder(slug):
    """Move the folder of a deleted universe out of the way, if its slug is free; in a transaction.

    It has the files that went with the universe, if that broke off, and those that came too late.
    """
    deleted = Revision.objects.select_for_update().filter(univers_slug=slug, cause=DELETE)
    last = deleted.values_list("pk", flat=True).first()
    if last and not Universe.objects.filter(slug=slug).exists():
        bucket.set_aside_folder(slug, last.hex)


def finish(slug):
    """Move aside and archive what left this universe; not within a transaction, since it copies files."""
    with transaction.atomic():
        set_aside(slug)
    labels = [uuid.UUID(label) for label in bucket.asides()]
    for revision in Revision.objects.filter(pk__in=labels, univers_slug=slug).values_list("pk", flat=True):
        _archive(revision)


def _unfinished(slug):
    return Revision.objects.filter(univers_slug=slug, leaving__isnull=False)


def _archive(pk):
    for aside, files in archive.keep_asides(pk.hex):
        _add_files(pk, files)
        aside.discard(files)


@transaction.atomic
def _add_files(pk, files):
    """Tell a revision of its files; of a name that it has for other bytes, a revision of its own tells."""
    revision = Revision.objects.select_for_update().defer("rows").filter(pk=pk).first()
    if not revision:
        # Retention took it: its files are as old, and go likewise.
        return
    others = {name: sha for name, sha in files.items() if revision.files.get(name, sha) != sha}
    revision.files = files | revision.files
    revision.save(update_fields=["files"])
    if others:
        keep_files(revision.univers_slug, "late_result", revision.author, others)


def _prune_at_times():
    if cache.add("universes.prune", True, SPARED.total_seconds()):
        prune()


def prune():
    """Delete the oldest revisions beyond the bounds of the settings, then archived files that none names.

    Returns `{"revisions": number, "files": number, "bytes": number}` of what went. Nothing younger than an hour
    does. What broke off is finished first.
    """
    finish_all()
    # Looked at before the revisions are: what is archived in between is not up for deletion.
    stats, old = archive.stats(), time.time() - SPARED.total_seconds()
    edits.prune()
    revisions = list(_beyond_bounds({sha: stat.st_size for sha, stat in stats.items()}))
    for start in range(0, len(revisions), BATCH):
        Revision.objects.filter(pk__in=revisions[start : start + BATCH]).delete()
    gone = [sha for sha in stats.keys() - needed() if archive.remove(sha, older_than=old)]
    originals.forget(set(gone))
    bucket.sweep(older_than=old), archive.sweep(older_than=old)
    return {
        "revisions": len(revisions),
        "files": len(gone),
        "bytes": sum(stats[sha].st_size for sha in gone),
    }


def finish_all():
    """Do for all universes what `finish` does for one."""
    unfinished = (
        Revision.objects.filter(leaving__isnull=False).order_by().values_list("univers_slug", flat=True)
    )
    for slug in set(unfinished):
        with transaction.atomic():
            set_aside(slug)
    for label in bucket.asides():
        _archive(uuid.UUID(label))


def _beyond_bounds(sizes):
    """The ids of those that must go; `sizes`: bytes by SHA-256."""
    now, counts, seen, total = timezone.now(), {}, set(), 0
    found = Revision.objects.order_by("-created_at").values_list("pk", "univers_slug", "created_at", "files")
    for pk, slug, created_at, files in found.iterator():
        counts[slug] = counts.get(slug, 0) + 1
        total += sum(sizes.get(sha, 0) for sha in set(files.values()) - seen)
        seen.update(files.values())
        if created_at < now - SPARED and (
            created_at < now - timedelta(days=settings.ARCHIVE_DAYS)
            or counts[slug] > settings.ARCHIVE_REVISIONS
            or total > settings.ARCHIVE_MB * 1024 * 1024
        ):
            yield pk


def needed():
    """The hashes of all archived files that must stay.

    Those that revisions name, what others are about to use, and of which any of these, or a present file, was made.
    """
    by_revisions = named()
    others = (import_string(path)() for path in settings.ARCHIVE_NEEDED_BY)
    return by_revisions.union(originals.needed(by_revisions), *others)


def named():
    """The hashes of all archived files that revisions have, None among them for a file that there was not."""
    named = set()
    for files in Revision.objects.order_by().values_list("files", flat=True).iterator():
        named.update(files.values())
    return named
