"""The bucket against the rows, each file against its name, and what was begun and not ended."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from django.conf import settings

from magikswipe.backups import restoring
from storage import archive, bucket, pictures, staging
from storage.formats import Incomplete, Unfit, check_mp3, check_mp4
from storage.models import FileRecord
from syncer import journals
from syncer.models import Journal
from universes import media
from universes.models import LANGUAGES, Revision, Universe
from universes.names import IMAGE_NAME, THUMBNAIL, is_slug, music_name
from universes.services import files, revisions, universes

from .findings import AUTHOR, Finding, note, old, old_seconds, some

CAUSE = "doctor"
SONGS = {music_name(language) for language in LANGUAGES}


def strangers() -> Iterator[Finding]:
    """Files that no row names. Pictures and clips of no card go to the archive, others are only told."""
    slugs = set(Universe.objects.values_list("slug", flat=True))
    for folder in bucket.bucket().folders():
        stats = bucket.bucket().files(folder)
        if folder not in slugs:
            yield from _folder(folder, stats)
        else:
            yield from _in_universe(folder, stats)


def _folder(folder, stats):
    if not is_slug(folder):
        yield note("foreign-folder", f"The bucket has a folder {folder} that is no universe's.")
    elif all(stat.st_mtime < old_seconds() for stat in stats.values()):
        yield Finding(
            "orphan-folder",
            f"There is no universe '{folder}', but a folder with {len(stats)} files; they go to the archive.",
            partial(_put_folder_away, folder, list(stats)),
        )


def _put_folder_away(folder, names):
    if names:
        revisions.archive_files(folder, names, CAUSE, AUTHOR)
    if not bucket.names(folder):
        bucket.remove_folder(folder)


def _in_universe(slug, stats):
    cards = Universe.objects.get(slug=slug).assets.all()
    known = {name for asset in cards for name in media.files_of(asset)} | SONGS | {THUMBNAIL}
    others = stats.keys() - known
    ours = [n for n in others if IMAGE_NAME.fullmatch(n.removesuffix(".mp4").removesuffix(".png") + ".png")]
    if orphans := [name for name in ours if stats[name].st_mtime < old_seconds()]:
        yield Finding(
            "orphan-files",
            f"'{slug}' has no card for {some(orphans)}; they go to the archive.",
            partial(revisions.archive_files, slug, orphans, CAUSE, AUTHOR),
        )
    if foreign := others - set(ours):
        yield note("foreign-files", f"'{slug}' has files that are not ours: {some(foreign)}.")


def missing() -> Iterator[Finding]:
    """Pictures that were drawn and are gone; thumbnails whose address leads nowhere."""
    for universe in Universe.objects.prefetch_related("assets__prompts"):
        present = bucket.names(universe.slug)
        for asset in universe.assets.all():
            drawn = getattr(asset, "prompts", None) and asset.prompts.last_generated_at
            if drawn and asset.image_name not in present:
                yield _gone(universe.slug, asset.image_name)
        yield from _thumbnail(universe, present)


def _gone(slug, name):
    if not (sha256 := _archived(slug, name)):
        return note("missing-picture", f"The picture {name} of '{slug}' is gone; draw it again.")
    return Finding(
        "missing-file",
        f"The picture {name} of '{slug}' is gone; the archive has it.",
        partial(archive.restore, sha256, slug, name),
    )


def _archived(slug, name):
    """The hash of the last archived content of a file."""
    kept = Revision.objects.filter(univers_slug=slug).values_list("files", flat=True)
    hashes = (files[name] for files in kept.iterator() if files.get(name))
    return next((sha256 for sha256 in hashes if archive.size(sha256) is not None), None)


def _thumbnail(universe, present):
    folder, _slash, name = (universe.thumbnail_url or "").rpartition("/")
    if folder == f"{settings.BUCKET_PREFIX}/{universe.slug}" and name not in present:
        yield Finding(
            "thumbnail-address",
            f"The thumbnail address of '{universe.slug}' names {name}, which is not there; it is emptied.",
            partial(universes.update, universe, thumbnail_url=None, author=AUTHOR),
        )


def records() -> Iterator[Finding]:
    """Records of the index whose files are gone or have other bytes."""
    stats = {f"{folder}/{name}": s for folder in bucket.bucket().folders()
             for name, s in bucket.bucket().files(folder).items()}  # fmt: skip
    gone, wrong = [], []
    # Keys with a leading dot are marks of restores, and no files.
    for record in FileRecord.objects.exclude(key__startswith=".").iterator():
        stat = stats.get(record.key)
        if stat is None:
            gone.append(record.key)
        elif (record.size, record.mtime_ns) == (stat.st_size, stat.st_mtime_ns) and _differs(record):
            wrong.append(record.key)
    for code, keys, said in (
        ("gone-records", gone, "are gone"),
        ("wrong-records", wrong, "have other bytes"),
    ):
        if keys:
            forget = FileRecord.objects.filter(key__in=keys).delete
            yield Finding(code, f"The index names files that {said}: {some(keys)}; it forgets them.", forget)


def _differs(record):
    found = bucket.digests_of(*record.key.split("/"))
    return not found or found["sha256"] != record.sha256


def contents() -> Iterator[Finding]:
    """Files that are not what their name says: pictures are converted, the rest goes to the archive."""
    for universe in Universe.objects.all():
        for name, stat in bucket.bucket().files(universe.slug).items():
            check = CHECKS.get(name.rpartition(".")[2].lower())
            if check and stat.st_mtime < old_seconds():
                yield from _content(universe, name, check)


def _content(universe, name, check):
    try:
        with bucket.fetched(universe.slug, name) as path:
            check(path)
    except (Unfit, Incomplete) as error:
        yield Finding(
            "wrong-content",
            f"{universe.slug}/{name} is not what its name says: {error}",
            partial(_mend, universe, name),
        )


def _check_png(path):
    with Path(path).open("rb") as source:
        if source.read(8) != b"\x89PNG\r\n\x1a\n":
            raise Unfit("The file is no PNG.")
    with staging.staging() as folder:
        pictures.to_png(shutil.copyfile(path, folder / "picture"))


CHECKS = {"png": _check_png, "mp4": check_mp4, "mp3": check_mp3}


def _mend(universe, name):
    """Write a picture anew as PNG; archive a file that is no picture, or no whole clip or song."""
    with staging.staging() as folder:
        with bucket.fetched(universe.slug, name) as path:
            copy = shutil.copyfile(path, folder / "picture")
        try:
            if not name.lower().endswith(".png"):
                raise Unfit
            pictures.to_png(copy)
        except (Unfit, Incomplete):
            revisions.archive_files(universe.slug, [name], CAUSE, AUTHOR)
            return
        files.replace(universe, name, copy, CAUSE, AUTHOR)


def restores() -> Iterator[Finding]:
    if restoring.unfinished():
        yield Finding("unfinished-restore", restoring.UNFINISHED, restoring.finish)


def temporary() -> Iterator[Finding]:
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


def pulls() -> Iterator[Finding]:
    if number := Journal.objects.count():
        yield Finding(
            "unfinished-pulls", f"{number} pulls still owe files to the bucket.", journals.finish_all
        )


def deletions() -> Iterator[Finding]:
    """Files that left their universe's rows and are on their way to the archive for long."""
    owed = Revision.objects.filter(leaving__isnull=False, created_at__lt=old()).count()
    if waiting := owed + len(bucket.trash_labels()):
        yield Finding(
            "unfinished-deletions",
            f"Files of {waiting} changes are not in the archive yet.",
            revisions.archive_all_leaving,
        )


def archived() -> Iterator[Finding]:
    """Archived files without a revision, and revisions without their files."""
    stats, named = archive.stats(), revisions.named_files()
    unnamed = [sha for sha in stats.keys() - revisions.needed_files() if stats[sha].st_mtime < old_seconds()]
    if unnamed:
        yield Finding(
            "unnamed-archive-files",
            f"{len(unnamed)} archived files belong to no revision.",
            partial(_remove_archived, unnamed),
        )
    if gone := named - stats.keys() - {None}:
        yield Finding(
            "revisions-without-files",
            f"Revisions name {len(gone)} archived files that are gone; they forget them.",
            partial(_forget, gone),
        )


def _remove_archived(hashes: list[str]) -> None:
    for sha256 in hashes:
        archive.remove(sha256, older_than=old_seconds())


def _forget(gone):
    for revision in Revision.objects.defer("rows").iterator():
        left = {name: sha256 for name, sha256 in revision.files.items() if sha256 not in gone}
        if left != revision.files:
            Revision.objects.filter(pk=revision.pk).update(files=left)
