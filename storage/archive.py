"""The archive: files named by their SHA-256, so that the same bytes lie there once."""

import re
from collections.abc import Callable, Container, Iterable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from . import bucket as media
from .bucket import bucket, store
from .files import copy_file, together
from .models import FileRecord, Original
from .names import UnsafeName, safe_key
from .protocol import FileStat, Store, Trash

Fetch = Callable[[], AbstractContextManager[Path]]


def archive() -> Store:
    return store("archive")


def _key(sha256: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise UnsafeName("An archived file is named by its SHA-256: 64 hexadecimal digits.")
    return safe_key(sha256[:2], sha256)


# --- In --------------------------------------------------------------------------------------------------------


def add(path: str | Path) -> str:
    """Archive a copy of a file; returns the SHA-256 of the copied bytes, even if the file changes meanwhile.

    A copy that is there already becomes as young as a new one, since retention spares the young.
    """
    with archive().staged(path) as (copy, sha256):
        archive().commit(copy, _key(sha256))
    return sha256


def add_from_bucket(folder: str, names: Iterable[str]) -> dict[str, str]:
    """Archive the named files of a folder, as far as they exist: `{name: sha256}`."""
    return _add_all({name: partial(bucket().fetched, safe_key(folder, name)) for name in names})


def add_trash(label: str) -> list[tuple[Trash, dict[str, str]]]:
    """Archive the bucket's trash with a label: `[(trash, {name: sha256})]`.

    The caller discards the trash once the hashes are written down.
    """
    found = [trash for trash in bucket().trash() if trash.label == label]
    return [
        (trash, _add_all({name: partial(trash.fetched, name) for name in trash.names()})) for trash in found
    ]


def _add_all(files: dict[str, Fetch]) -> dict[str, str]:
    # At once, since each waits for the disk.
    added = dict(zip(files, together(_add_if_there, ((fetch,) for fetch in files.values())), strict=True))
    return {name: sha256 for name, sha256 in added.items() if sha256}


def _add_if_there(fetch: Fetch) -> str | None:
    try:
        with fetch() as path:
            return add(path)
    except FileNotFoundError:
        return None


def renew(sha256: str) -> bool:
    """Make an archived file as young as a new one, since a new row names it; False when it is gone."""
    try:
        archive().touch(_key(sha256))
    except FileNotFoundError:
        return False
    return True


# --- Out -------------------------------------------------------------------------------------------------------


def restore(sha256: str, folder: str, name: str) -> None:
    """Copy an archived file back into the bucket; FileNotFoundError when retention deleted it."""
    if not archive().exists(_key(sha256)):
        raise FileNotFoundError(f"{name}: its archived copy {sha256[:12]}… is gone.")
    with archive().fetched(_key(sha256)) as path:
        bucket().put(path, safe_key(folder, name))


def size(sha256: str) -> int | None:
    """The bytes of an archived file; None when retention deleted it."""
    key = _key(sha256)
    return archive().size(key) if archive().exists(key) else None


def copy_to(sha256: str, path: str | Path) -> str:
    """Copy an archived file to `path`; returns the SHA-256 of the copied bytes. FileNotFoundError when it is gone."""
    with archive().fetched(_key(sha256)) as archived:
        return copy_file(archived, path)


def fetched(sha256: str) -> AbstractContextManager[Path]:
    """The path of an archived file, or of a copy, while the block runs; FileNotFoundError when it is gone."""
    return archive().fetched(_key(sha256))


def opened(sha256: str) -> tuple[BinaryIO, FileStat]:
    """An archived file, open, with its stat; FileNotFoundError when it is gone, UnsafeName for no SHA-256."""
    return archive().opened(_key(sha256))


def signed_url(sha256: str, content_type: str, caching: str) -> str | None:
    """The URL at which a browser gets an archived file from another server; None where none has it."""
    return archive().signed_url(_key(sha256), content_type, caching)


# --- Retention -------------------------------------------------------------------------------------------------


def stats() -> dict[str, FileStat]:
    """The stat of every archived file, by SHA-256."""
    return {name: stat for folder in archive().folders() for name, stat in archive().files(folder).items()}


def remove(sha256: str, older_than: float) -> bool:
    """Delete an archived file unless it was added (again) since `older_than` (epoch seconds); whether it went."""
    return archive().remove_older(_key(sha256), older_than)


def sweep(older_than: float) -> None:
    """Delete what killed processes left, untouched since `older_than` (epoch seconds)."""
    archive().sweep(older_than)


# --- Originals -------------------------------------------------------------------------------------------------


def link_original(made: str, sha256: str, folder: str, name: str) -> None:
    """Note that the file at folder/name was made of an archived file, as a provider delivered it; both by SHA-256.

    The archived file is needed as long as the file made of it. Files that were not converted need no note.
    """
    if made != sha256:
        Original.objects.get_or_create(made=made, sha256=sha256, defaults={"key": safe_key(folder, name)})


def needed_originals(named: Container[str]) -> set[str]:
    """The SHA-256 of all originals whose file is in the bucket, or among the hashes in `named`."""
    return {one.sha256 for one in Original.objects.iterator() if _is_needed(one, named)}


def forget_originals(gone: set[str]) -> None:
    """Drop the notes of originals that are no longer in the archive."""
    Original.objects.filter(sha256__in=gone).delete()


def _is_needed(original: Original, named: Container[str]) -> bool:
    if original.made in named:
        return True
    # A record may be older than its file, and a new file may have no record yet.
    records = FileRecord.objects.filter(sha256=original.made).exclude(key__startswith=".")
    keys = {original.key, *records.values_list("key", flat=True)}
    found = (media.info(*key.split("/", 1)) for key in keys)
    return any(info and info.sha256 == original.made for info in found)
