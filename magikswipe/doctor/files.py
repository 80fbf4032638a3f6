"""The bucket against the rows, and each file against its name."""

import shutil
from functools import partial
from pathlib import Path

from django.conf import settings

from storage import archive, bucket, pictures
from storage.formats import Incomplete, Unfit, check_mp3, check_mp4
from storage.models import FileRecord
from storage.staging import staging
from universes import media
from universes.models import LANGUAGES, Revision, Universe
from universes.names import IMAGE_NAME, THUMBNAIL, is_slug, music_name
from universes.services import files, revisions, universes

from .findings import AUTHOR, Finding, note, old_seconds, some

CAUSE = "doctor"
SONGS = {music_name(language) for language in LANGUAGES}


def strangers():
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


def missing():
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
    """The hash of the last content of a file that is kept whole."""
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


def records():
    """What the index says of files that are gone, or whose bytes are others."""
    stats = {f"{folder}/{name}": s for folder in bucket.bucket().folders()
             for name, s in bucket.bucket().files(folder).items()}  # fmt: skip
    gone, wrong = [], []
    # Those with a dot before are no files, but what a restore promised.
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


def contents():
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
    with staging() as folder:
        pictures.to_png(shutil.copyfile(path, folder / "picture"))


CHECKS = {"png": _check_png, "mp4": check_mp4, "mp3": check_mp3}


def _mend(universe, name):
    """Write a picture anew as PNG; put away what is none, or no whole clip or song."""
    with staging() as folder:
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
