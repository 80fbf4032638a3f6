"""The bucket: folders of flat files, with the digest of each."""

from contextlib import contextmanager
from dataclasses import dataclass

from django.core.files.storage import storages

from .copying import digests
from .models import FileRecord
from .names import safe_key


@dataclass(frozen=True)
class FileInfo:
    """One file: its name within the folder, its size in bytes, its SHA-256 and MD5 in hex."""

    name: str
    size: int
    sha256: str
    md5: str


def bucket():
    return storages["bucket"]


def check_writable():
    """Write a file into bucket and archive and take it away again; NotWritable where that can't be done."""
    for store in (bucket(), storages["archive"]):
        store.check_writable()


def names(folder):
    """The names of the files in a folder, without reading them."""
    return bucket().names(folder)


def stamps(folders):
    """What tells folders from themselves once a file has come or gone: `{folder: (what it is, its times in ns)}`."""
    return bucket().stamps(folders)


def unchanged(stamps):
    """Whether the folders still have these stamps."""
    return bucket().unchanged(stamps)


def listing(folder):
    """`{name: FileInfo}` of a folder; a file is read only if its size or time changed since it was last."""
    stats = bucket().files(folder)
    known = {r.key: r for r in FileRecord.objects.filter(key__startswith=f"{folder}/")}
    found, fresh = {}, []
    for name, stat in stats.items():
        record = known.pop(key := safe_key(folder, name), None)
        if not _is_of(record, stat):
            record = _read(key, stat)
            fresh.append(record)
        found[name] = FileInfo(name, record.size, record.sha256, record.md5)
    _remember(fresh, known)
    return found


def info(folder, name):
    """The FileInfo of one file, None where there is none; read only if it changed, too."""
    key = safe_key(folder, name)
    try:
        stat = bucket().stat(key)
        record = FileRecord.objects.filter(key=key).first()
        if not _is_of(record, stat):
            record = _read(key, stat)
            _remember([record], {})
    except FileNotFoundError:
        return None
    return FileInfo(name, record.size, record.sha256, record.md5)


def fetched(folder, name):
    """A block with the path at which the bytes of a file lie; FileNotFoundError where there is none."""
    return bucket().fetched(safe_key(folder, name))


def digests_of(folder, name):
    """What `digests` says of a file, read anew; None where there is none."""
    try:
        with fetched(folder, name) as path:
            return digests(path)
    except FileNotFoundError:
        return None


def stamp(folder, name):
    """What tells a file from the next of that name without reading either; None where there is none."""
    try:
        stat = bucket().stat(safe_key(folder, name))
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _is_of(record, stat):
    return record and (record.size, record.mtime_ns) == (stat.st_size, stat.st_mtime_ns)


def _read(key, stat):
    with bucket().fetched(key) as path:
        return FileRecord(key=key, size=stat.st_size, mtime_ns=stat.st_mtime_ns, **digests(path))


def _remember(fresh, gone):
    if fresh:
        FileRecord.objects.bulk_create(
            fresh,
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["size", "mtime_ns", "sha256", "md5"],
        )
    if gone:
        FileRecord.objects.filter(key__in=list(gone)).delete()


def take(path, folder, name):
    """Put a copy of the file at `path` under folder/name, replacing what was there, in one piece."""
    bucket().take(path, safe_key(folder, name))


def preparing():
    """A block with a Preparation of a folder; what has not appeared at its end goes."""
    return bucket().preparing()


@contextmanager
def incoming(path):
    """A copy of the file at `path` for `move_in`, where the bucket is; one that was not moved in goes."""
    with bucket().incoming(path) as (copy, _):
        yield copy


def move_in(copy, folder, name):
    """Put an `incoming` copy under folder/name, replacing what was there, without waiting for its bytes."""
    bucket().move_in(copy, safe_key(folder, name))


def remove(folder, name):
    """Delete one file; one that is not there is fine."""
    bucket().delete(safe_key(folder, name))


def remove_empty(folder):
    """Take a folder away that has no files; any other stays."""
    bucket().remove_empty(safe_key(folder))


def remove_folder(folder):
    bucket().delete_folder(safe_key(folder))
    _forget_folder(folder)


def set_aside_folder(folder, label):
    """Move a whole folder out of sight in one go, until `archive.keep_asides(label)` has it."""
    bucket().set_aside_folder(safe_key(folder), label)
    _forget_folder(folder)


def set_aside_files(folder, names, label, until):
    """The same for those of the named files that were written before `until` (epoch seconds)."""
    stats, shown = bucket().files(folder), bucket().clock(until)
    old = [name for name in names if name in stats and stats[name].st_mtime <= shown]
    bucket().set_aside_files(folder, old, label)


def asides():
    """The labels under which something waits to be archived."""
    return {aside.label for aside in bucket().asides()}


def sweep(older_than):
    bucket().sweep(older_than)


def _forget_folder(folder):
    FileRecord.objects.filter(key__startswith=f"{folder}/").delete()
