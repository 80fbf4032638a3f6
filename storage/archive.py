"""The archive: files under their own SHA-256, so that the same bytes lie there once."""

import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.core.files.storage import storages

from .backends import plain_files
from .bucket import CHUNK, bucket
from .names import UnsafeName, safe_key

AT_ONCE = 8


def archive():
    return storages["archive"]


def _key(sha256):
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise UnsafeName("An archived file is named by its SHA-256: 64 hexadecimal digits.")
    return safe_key(sha256[:2], sha256)


def keep(path):
    """Archive a copy of the file at `path`; returns its SHA-256.

    The name is that of the bytes that were copied, whatever becomes of `path` meanwhile. A copy that lies there
    already becomes as young as a new one, since retention spares the young.
    """
    with archive().temporary() as temporary:
        sha256 = _copy(path, temporary)
        archive().move_in(temporary, _key(sha256))
    return sha256


def _copy(path, target):
    sha256 = hashlib.sha256()
    with Path(path).open("rb") as source, Path(target).open("wb") as copy:
        while piece := source.read(CHUNK):
            sha256.update(piece)
            copy.write(piece)
    return sha256.hexdigest()


def keep_from_bucket(folder, names):
    """Archive the named files of a folder, as far as they exist: `{name: sha256}`."""
    keys = {name: safe_key(folder, name) for name in names}
    return _keep_all({name: bucket().path(key) for name, key in keys.items() if bucket().exists(key)})


def keep_asides(label):
    """Archive what the bucket set aside under a label: `[(path of the aside, {name: sha256})]`.

    An aside stays until `bucket.discard_aside` takes it: first its hashes must be written down.
    """
    asides = [path for other, path in bucket().asides() if other == label]
    return [(path, _keep_all(plain_files(path))) for path in asides]


def _keep_all(paths):
    # Side by side, since each waits for the disk to have it.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        kept = dict(zip(paths, pool.map(_keep_if_there, paths.values()), strict=True))
    return {name: sha256 for name, sha256 in kept.items() if sha256}


def _keep_if_there(path):
    """None for a file that is gone since it was listed."""
    try:
        return keep(path)
    except FileNotFoundError:
        return None


def renew(sha256):
    """Make an archived file as young as a new one, since something new names it; False when there is none."""
    try:
        os.utime(archive().path(_key(sha256)))
    except FileNotFoundError:
        return False
    return True


def restore(sha256, folder, name):
    """Put an archived file back into the bucket; FileNotFoundError when retention took it."""
    if not archive().exists(_key(sha256)):
        raise FileNotFoundError(f"{name}: its archived copy {sha256[:12]}… is gone.")
    bucket().take(archive().path(_key(sha256)), safe_key(folder, name))


def size(sha256):
    """The bytes of an archived file; None when retention took it."""
    key = _key(sha256)
    return archive().size(key) if archive().exists(key) else None


def copy_to(sha256, path):
    """Copy an archived file to `path`; returns the SHA-256 of what came. FileNotFoundError when it is gone."""
    return _copy(archive().path(_key(sha256)), path)


def open_file(sha256):
    """An archived file, open for reading; FileNotFoundError when it is gone, UnsafeName for what is no SHA-256."""
    return archive().open(_key(sha256))


def stats():
    """`{sha256: os.stat_result}` of every archived file."""
    return {name: stat for folder in archive().folders() for name, stat in archive().files(folder).items()}


def remove(sha256, older_than):
    """Delete an archived file, unless it was kept (again) since `older_than` (epoch seconds); whether it went."""
    path = Path(archive().path(_key(sha256)))
    try:
        if path.stat().st_mtime >= older_than:
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def sweep(older_than):
    archive().sweep(older_than)
