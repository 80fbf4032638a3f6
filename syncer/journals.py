"""What a pull still owes the bucket once its rows are written: files to replace, to delete, a folder to leave.

The journal is written with the rows, in one transaction. Whoever was killed after it is followed by the next sync of
the universe, the next start of the worker or `prune`: none of them has to ask Supabase again.
"""

import logging
from contextlib import ExitStack, contextmanager

from django.conf import settings

from storage import archive, bucket
from storage.files import digests
from storage.staging import claim, new_pending, pending, remove
from universes.models import Universe
from universes.services import revisions

from .intake import Intake
from .models import Journal
from .plan import DELETE, UPDATE

log = logging.getLogger(__name__)


def stage(slug):
    """The path of a folder for a pull's files, with those that one which broke off has left; a journal keeps it."""
    owed = set(Journal.objects.values_list("folder", flat=True))
    name = f"pull-{slug}"
    return new_pending(owed, name="" if name in owed else name)


def abandon(folder):
    """Take a staging folder away, unless a journal needs it."""
    if not Journal.objects.filter(folder=folder.name).exists():
        remove(folder)


def draft(plan, old_slug, folder, why):
    """The Journal of a plan whose files lie in `folder`, not saved yet; `why`: `(cause, author)`.

    It reads the staged files, so it is made before the transaction that saves it. Where hosts share a bucket on a
    server, and no disk, any of them must find the files should this one die: in the archive.
    """
    files = [
        {"name": change.name, "action": change.action, "sha256": _staged(folder, change)}
        for change in plan.file_changes(UPDATE, DELETE)
    ]
    cause, author = why
    return Journal(
        slug=plan.slug, old_slug=old_slug, folder=folder.name, files=files, cause=cause, author=author
    )


def _staged(folder, change):
    if change.action != UPDATE:
        return ""
    if settings.BUCKET_URL:
        return archive.add(folder / change.name)
    return digests(folder / change.name)["sha256"]


def save(journal, universe, kept):
    """Write it, if anything is owed, in the rows' transaction; `kept`: `{name: sha256}` of the files as they were."""
    if journal.files or journal.old_slug != journal.slug:
        journal.universe, journal.kept = universe, kept
        journal.save(force_insert=True)


def finish(slug):
    """Complete what pulls of a universe that broke off still owe; its slug may be the old or the new one."""
    _finish(Journal.objects.filter(slug=slug) | Journal.objects.filter(old_slug=slug))


def finish_all():
    """The same of every universe."""
    _finish(Journal.objects.all())


def needed():
    """The hashes of the files that pulls which broke off still have to put in place; the archive may have them."""
    return {file["sha256"] for files in Journal.objects.values_list("files", flat=True) for file in files}


def _finish(journals):
    for journal in journals.order_by("pk"):
        with claim(pending(journal.folder)) as mine:
            # Who is still at it, or has just completed it, needs no help.
            if mine and Journal.objects.filter(pk=journal.pk).exists():
                log.warning("A pull of '%s' broke off; its files are put in place now.", journal.slug)
                complete(journal, since=True)


def complete(journal, since=False):
    """Replace and delete the files, leave the folder that the universe had; journal and staging folder go.

    `since`: some time has passed. What was put there meanwhile is newer than the pull, and stays.
    """
    owed = _untouched(journal) if since else journal.files
    intake = Intake(journal.slug, known=journal.kept)
    # Named before it is replaced, so that a stop in between loses nothing.
    intake.keep([file["name"] for file in owed])
    _keep_files(journal, named := dict(intake.kept))
    folder = pending(journal.folder)
    with ExitStack() as held:
        updates = [file for file in owed if file["action"] == UPDATE]
        intake.put({file["name"]: held.enter_context(_replacement(folder, file)) for file in updates})
    intake.remove([file["name"] for file in owed if file["action"] == DELETE])
    _keep_files(journal, dict(intake.kept.items() - named.items()))
    _leave(journal)
    if journal.pk:
        journal.delete()
    remove(folder)


@contextmanager
def _replacement(folder, file):
    """The path of what takes a file's place: where it was staged, else, on another host, from the archive."""
    if (staged := folder / file["name"]).exists():
        yield staged
        return
    with archive.fetched(file["sha256"]) as path:
        yield path


def _untouched(journal):
    """Those of its files that are as they were when the rows were written, and have something to be replaced with."""
    folder, here = pending(journal.folder), bucket.listing(journal.slug)
    return [
        file
        for file in journal.files
        if (info := here.get(name := file["name"]))
        and info.sha256 == journal.kept.get(name)
        and (file["action"] == DELETE or (folder / name).exists() or archive.size(file["sha256"]) is not None)
    ]


def _keep_files(journal, files):
    if files:
        revisions.create_from(journal.slug, *journal.why, files)


def _leave(journal):
    """Take the old folder away, whose files stand in the new one or are kept; what came meanwhile is put away."""
    old = journal.old_slug
    if old == journal.slug or Universe.objects.filter(slug=old).exists():
        return
    stand = {name: file.sha256 for name, file in bucket.listing(journal.slug).items()}
    late = [
        name
        for name, file in bucket.listing(old).items()
        if file.sha256 not in (journal.kept.get(name), stand.get(name))
    ]
    if late:
        revisions.archive_files(old, late, *journal.why)
    bucket.remove_folder(old)
