"""The bucket: folders of flat files, and an index of their digests in the database."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard, cast

from django.core.files.storage import storages

from . import files
from .models import FileRecord
from .names import safe_key
from .protocol import FileStat, StagedFolder, Stamp, Store


@dataclass(frozen=True)
class FileInfo:
    """A file's name within its folder, its size in bytes, its digests in hex."""

    name: str
    size: int
    sha256: str
    md5: str


def store(name: str) -> Store:
    """The store that settings.STORAGES calls so."""
    return cast(Store, storages[name])


def bucket() -> Store:
    return store("bucket")


def check_writable() -> None:
    """Write a file into bucket and archive and delete it again; NotWritable where that fails."""
    for name in ("bucket", "archive"):
        store(name).check_writable()


# --- Looking ---------------------------------------------------------------------------------------------------


def names(folder: str) -> frozenset[str]:
    """The names of the files in a folder."""
    return bucket().names(folder)


def stamps(folders: Iterable[str]) -> dict[str, Stamp]:
    """A stamp of each folder, for `unchanged`."""
    return bucket().stamps(folders)


def unchanged(stamps: Mapping[str, Stamp]) -> bool:
    """Whether no file was added, replaced or deleted in these folders; False where that can't be told."""
    return bucket().unchanged(stamps)


def listing(folder: str) -> dict[str, FileInfo]:
    """The files of a folder by name; a file is read only if its size or time has changed since the last time."""
    stats = bucket().files(folder)
    known = {r.key: r for r in FileRecord.objects.filter(key__startswith=f"{folder}/")}
    found, read = {}, []
    for name, stat in stats.items():
        record = known.pop(key := safe_key(folder, name), None)
        if not _is_of(record, stat):
            record = _read(key, stat)
            read.append(record)
        found[name] = FileInfo(name, record.size, record.sha256, record.md5)
    _remember(read, known)
    return found


def info(folder: str, name: str) -> FileInfo | None:
    """The same of one file; None when it is missing."""
    key = safe_key(folder, name)
    try:
        stat = bucket().stat(key)
        record = FileRecord.objects.filter(key=key).first()
        if not _is_of(record, stat):
            record = _read(key, stat)
            _remember([record], [])
    except FileNotFoundError:
        return None
    return FileInfo(name, record.size, record.sha256, record.md5)


def digests_of(folder: str, name: str) -> files.Digests | None:
    """The digests of a file, read anew; None when it is missing."""
    try:
        with fetched(folder, name) as path:
            return files.digests(path)
    except FileNotFoundError:
        return None


def stamp(folder: str, name: str) -> tuple[int, int, int] | None:
    """Inode, mtime and size: another file of that name has others. None when it is missing."""
    try:
        stat = bucket().stat(safe_key(folder, name))
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def fetched(folder: str, name: str) -> AbstractContextManager[Path]:
    """The path of a file, or of a copy, on this machine while the block runs; FileNotFoundError when it is missing."""
    return bucket().fetched(safe_key(folder, name))


def _is_of(record: FileRecord | None, stat: FileStat) -> TypeGuard[FileRecord]:
    return record is not None and (record.size, record.mtime_ns) == (stat.st_size, stat.st_mtime_ns)


def _read(key: str, stat: FileStat) -> FileRecord:
    with bucket().fetched(key) as path:
        return FileRecord(key=key, size=stat.st_size, mtime_ns=stat.st_mtime_ns, **files.digests(path))


def _remember(read: list[FileRecord], gone: Collection[str]) -> None:
    if read:
        FileRecord.objects.bulk_create(
            read,
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["size", "mtime_ns", "sha256", "md5"],
        )
    if gone:
        FileRecord.objects.filter(key__in=list(gone)).delete()


# --- Writing ---------------------------------------------------------------------------------------------------


def put(path: str | Path, folder: str, name: str) -> None:
    """Copy the file at `path` to folder/name, replacing what was there, in one piece."""
    bucket().put(path, safe_key(folder, name))


@contextmanager
def staged(path: str | Path) -> Iterator[str]:
    """A copy of the file at `path` beside the bucket, for `commit`; it goes at the end of the block."""
    with bucket().staged(path) as (copy, _):
        yield copy


def commit(copy: str, folder: str, name: str) -> None:
    """Put a staged copy at folder/name, replacing what was there, without copying its bytes again."""
    bucket().commit(copy, safe_key(folder, name))


def staged_folder() -> AbstractContextManager[StagedFolder]:
    """A StagedFolder; it goes at the end of the block unless it was committed."""
    return bucket().staged_folder()


def remove(folder: str, name: str) -> None:
    """Delete one file; a missing one is fine."""
    bucket().delete(safe_key(folder, name))


def remove_empty(folder: str) -> None:
    """Delete a folder that has no files; any other stays."""
    bucket().remove_empty(safe_key(folder))


def remove_folder(folder: str) -> None:
    bucket().delete_folder(safe_key(folder))
    _forget_folder(folder)


def trash_folder(folder: str, label: str) -> None:
    """Move a whole folder to the trash in one go, until `archive.add_trash(label)` has it."""
    bucket().trash_folder(safe_key(folder), label)
    _forget_folder(folder)


def trash_files(folder: str, names: Iterable[str], label: str, until: float) -> None:
    """The same for those of the named files that were written before `until` (epoch seconds)."""
    stats, shown = bucket().files(folder), bucket().clock(until)
    old = [name for name in names if name in stats and stats[name].st_mtime <= shown]
    bucket().trash_files(folder, old, label)


def trash_labels() -> set[str]:
    """The labels of the trash that waits to be archived."""
    return {trash.label for trash in bucket().trash()}


def sweep(older_than: float) -> None:
    """Delete what killed processes left, untouched since `older_than` (epoch seconds)."""
    bucket().sweep(older_than)


def _forget_folder(folder: str) -> None:
    FileRecord.objects.filter(key__startswith=f"{folder}/").delete()
