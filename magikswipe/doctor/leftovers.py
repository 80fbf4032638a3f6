"""What was begun and not ended, and what nobody needs any more."""

from functools import partial

from magikswipe.backups import restoring
from storage import archive, bucket, staging
from syncer import journals
from syncer.models import Journal
from universes.models import Revision
from universes.services import revisions

from .findings import Finding, old, old_seconds, some


def restores():
    if restoring.unfinished():
        yield Finding("unfinished-restore", restoring.UNFINISHED, restoring.finish)


def temporary():
    """Files that writers and deleters that were killed left."""
    stores = (bucket.bucket(), archive.archive())
    if found := [path.name for store in stores for path in store.leftovers(old_seconds())]:
        yield Finding(
            "temporary-files", f"Left by those who were killed: {some(found)}.", partial(_sweep, stores)
        )
    if found := restoring.forgotten(old_seconds()):
        yield Finding(
            "restore-leftovers",
            f"Left by restores that came to nothing: {some(path.name for path in found)}.",
            partial(_remove_folders, found),
        )
    spared = set(Journal.objects.values_list("folder", flat=True))
    if found := staging.abandoned(spared):
        yield Finding(
            "staging-folders",
            f"Staging folders that nobody is at: {some(path.name for path in found)}.",
            partial(staging.sweep, spared),
        )


def _remove_folders(found):
    for path in found:
        staging.remove(path)


def _sweep(stores):
    for store in stores:
        store.sweep(old_seconds())


def pulls():
    if number := Journal.objects.count():
        yield Finding(
            "unfinished-pulls", f"{number} pulls still owe files to the bucket.", journals.finish_all
        )


def deletions():
    """Files that left their universe's rows and are on their way to the archive for long."""
    owed = Revision.objects.filter(leaving__isnull=False, created_at__lt=old()).count()
    if waiting := owed + len(bucket.trash_labels()):
        yield Finding(
            "unfinished-deletions",
            f"Files of {waiting} changes are not in the archive yet.",
            revisions.archive_all_leaving,
        )


def archived():
    """Archived files without a revision, and revisions without their files."""
    stats, named = archive.stats(), revisions.named_files()
    unnamed = [sha for sha in stats.keys() - revisions.needed_files() if stats[sha].st_mtime < old_seconds()]
    if unnamed:
        yield Finding(
            "unnamed-archive-files",
            f"{len(unnamed)} archived files belong to no revision.",
            partial(_remove, unnamed),
        )
    if gone := named - stats.keys() - {None}:
        yield Finding(
            "revisions-without-files",
            f"Revisions name {len(gone)} archived files that are gone; they forget them.",
            partial(_forget, gone),
        )


def _remove(hashes):
    for sha256 in hashes:
        archive.remove(sha256, older_than=old_seconds())


def _forget(gone):
    for revision in Revision.objects.defer("rows").iterator():
        left = {name: sha256 for name, sha256 in revision.files.items() if sha256 not in gone}
        if left != revision.files:
            Revision.objects.filter(pk=revision.pk).update(files=left)
