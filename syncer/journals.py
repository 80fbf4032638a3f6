"""A pull's files: staged, placed in the bucket with the replaced ones archived, and journalled.

The journal is written with the rows, in one transaction: which files are still to be replaced or deleted, and the
folder to leave. After a kill the next sync of the universe, the next start of a worker or `prune` completes it from
the staging folder, without asking Supabase.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from storage import archive, bucket
from storage.files import Digests, digests
from storage.staging import claim, new_pending, pending, remove
from universes.models import Universe
from universes.services import revisions

from .models import Journal, JournalFile
from .plan import DELETE, UPDATE, FileChange, Plan
from .progress import in_parallel

log = logging.getLogger(__name__)


# --- Staging


def stage(slug: str) -> Path:
    """The staging folder of a pull, with the files that a broken one has left; but for those that a journal needs."""
    in_use = set(Journal.objects.values_list("folder", flat=True))
    name = f"pull-{slug}"
    return new_pending(in_use, name="" if name in in_use else name)


def abandon(folder: Path) -> None:
    """Delete a staging folder, unless a journal needs it."""
    if not Journal.objects.filter(folder=folder.name).exists():
        remove(folder)


# --- Placing


class Placement:
    """Files put into one folder of the bucket; what they replace is archived, and all of it can be rolled back.

    `archived`: the replaced files, `{name: sha256}`. `before`: files that are archived already.
    """

    def __init__(self, slug: str, before: Mapping[str, str] | None = None) -> None:
        self.slug, self.before = slug, before or {}
        self.archived: dict[str, str] = {}
        self._put: dict[str, Path] = {}

    def put(self, paths: Mapping[str, Path]) -> None:
        """Copy files in, by name; one that is there already is not written."""
        # In parallel, since each waits for the disk.
        in_parallel(self._put_one, paths.items(), counted=False, on_disk=True)

    def _put_one(self, item: tuple[str, Path]) -> None:
        name, path = item
        present = bucket.digests_of(self.slug, name)
        if not present or present != digests(path):
            self._archive(name, present)
            bucket.put(path, self.slug, name)
            self._put[name] = path

    def remove(self, names: Iterable[str]) -> None:
        """Delete files; missing ones are fine."""
        for name in names:
            self.archive([name])
            bucket.remove(self.slug, name)

    def archive(self, names: Iterable[str]) -> None:
        """Archive files that are about to be replaced or deleted, if they exist and are not archived yet."""
        for name in names:
            self._archive(name, bucket.digests_of(self.slug, name))

    def _archive(self, name: str, present: Digests | None) -> None:
        if present and present["sha256"] not in (self.before.get(name), self.archived.get(name)):
            self.archived.update(archive.add_from_bucket(self.slug, [name]))

    @contextmanager
    def rolled_back_on_error(self) -> Iterator[None]:
        """If the block fails, delete the files that were put, and bring back those that they replaced."""
        try:
            yield
        except BaseException:
            for name, path in self._put.items():
                self._roll_back(name, path)
            bucket.remove_empty(self.slug)
            raise

    def _roll_back(self, name: str, path: Path) -> None:
        # A file that somebody else has put there since stays.
        if bucket.digests_of(self.slug, name) != digests(path):
            return
        if name in self.archived:
            archive.restore(self.archived[name], self.slug, name)
        else:
            bucket.remove(self.slug, name)


# --- The journal


def draft(plan: Plan, old_slug: str, folder: Path, cause: str, author: str) -> Journal:
    """The Journal, not saved yet, of a plan whose files are staged in `folder`. It reads them."""
    files: list[JournalFile] = [
        {"name": change.name, "action": change.action, "sha256": _sha256(folder, change)}
        for change in plan.file_changes(UPDATE, DELETE)
    ]
    return Journal(
        slug=plan.slug, old_slug=old_slug, folder=folder.name, files=files, cause=cause, author=author
    )


def _sha256(folder: Path, change: FileChange) -> str:
    if change.action != UPDATE:
        return ""
    path = folder / change.name
    if settings.BUCKET_URL:
        # Hosts that share a bucket share no disk: the others find the file in the archive.
        return str(archive.add(path))
    return str(digests(path)["sha256"])


def save(journal: Journal, universe: Universe, archived: dict[str, str]) -> None:
    """Write it, unless it is empty, in the rows' transaction; `archived`: `{name: sha256}` of the replaced files."""
    if journal.files or journal.old_slug != journal.slug:
        journal.universe, journal.kept = universe, archived
        journal.save(force_insert=True)


def finish(slug: str) -> None:
    """Complete the journals of a universe, by its old or new slug."""
    _finish(Journal.objects.filter(slug=slug) | Journal.objects.filter(old_slug=slug))


def finish_all() -> None:
    """Complete the journals of all universes."""
    _finish(Journal.objects.all())


def needed() -> set[str]:
    """The hashes of files that journals still have to put in place; the archive may have them."""
    return {file["sha256"] for files in Journal.objects.values_list("files", flat=True) for file in files}


def _finish(journals: QuerySet[Journal]) -> None:
    for journal in journals.order_by("pk"):
        with claim(pending(journal.folder)) as is_ours:
            # A pull that is still running completes its own.
            if is_ours and Journal.objects.filter(pk=journal.pk).exists():
                log.warning("A pull of '%s' broke off; its files are put in place now.", journal.slug)
                _complete(journal, _untouched(journal))


def complete(journal: Journal) -> None:
    """Replace and delete the files, and leave the old folder; journal and staging folder go."""
    _complete(journal, journal.files)


def _complete(journal: Journal, files: list[JournalFile]) -> None:
    placement = Placement(journal.slug, before=journal.kept)
    # A revision names them before they are replaced, so that a kill in between loses nothing.
    placement.archive(file["name"] for file in files)
    _save_revision(journal, named := dict(placement.archived))
    folder = pending(journal.folder)
    with ExitStack() as held:
        updates = [file for file in files if file["action"] == UPDATE]
        placement.put({file["name"]: held.enter_context(_replacement(folder, file)) for file in updates})
    placement.remove(file["name"] for file in files if file["action"] == DELETE)
    _save_revision(journal, dict(placement.archived.items() - named.items()))
    _leave_old_folder(journal)
    if journal.pk:
        journal.delete()
    remove(folder)


@contextmanager
def _replacement(folder: Path, file: JournalFile) -> Iterator[Path]:
    """The path of a file as it was staged, or, on another host, archived."""
    if (staged := folder / file["name"]).exists():
        yield staged
        return
    with archive.fetched(file["sha256"]) as path:
        yield path


def _untouched(journal: Journal) -> list[JournalFile]:
    """The files that nobody has written since the rows were, and whose replacement is not lost."""
    folder, present = pending(journal.folder), bucket.listing(journal.slug)
    return [
        file
        for file in journal.files
        if (info := present.get(name := file["name"]))
        and info.sha256 == journal.kept.get(name)
        and (file["action"] == DELETE or (folder / name).exists() or archive.size(file["sha256"]) is not None)
    ]


def _save_revision(journal: Journal, files: dict[str, str]) -> None:
    if files:
        revisions.create_from(journal.slug, journal.cause, journal.author, files)


def _leave_old_folder(journal: Journal) -> None:
    """Delete the folder of the old slug; files that came meanwhile are archived, all others are in the new folder."""
    old = journal.old_slug
    if old == journal.slug or Universe.objects.filter(slug=old).exists():
        return
    present = {name: file.sha256 for name, file in bucket.listing(journal.slug).items()}
    late = [
        name
        for name, file in bucket.listing(old).items()
        if file.sha256 not in (journal.kept.get(name), present.get(name))
    ]
    if late:
        revisions.archive_files(old, late, journal.cause, journal.author)
    bucket.remove_folder(old)
