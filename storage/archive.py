"""The archive: files under their own SHA-256, so that the same bytes lie there once."""

import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.core.files.storage import storages

from .bucket import bucket
from .copying import copied
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
    with archive().incoming(path) as (copy, sha256):
        archive().move_in(copy, _key(sha256))
    return sha256


def keep_from_bucket(folder, names):
    """Archive the named files of a folder, as far as they exist: `{name: sha256}`."""
    return _keep_all({name: partial(bucket().fetched, safe_key(folder, name)) for name in names})


def keep_asides(label):
    """Archive what the bucket set aside under a label: `[(the Aside, {name: sha256})]`.

    An aside stays until `bucket.discard_aside` takes it: first its hashes must be written down.
    """
    asides = [aside for aside in bucket().asides() if aside.label == label]
    return [
        (aside, _keep_all({name: partial(aside.fetched, name) for name in aside.names()})) for aside in asides
    ]


def _keep_all(fetched):
    """`{name: function that makes a block with the file's path}`"""
    # Side by side, since each waits for the disk to have it.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        kept = dict(zip(fetched, pool.map(_keep_if_there, fetched.values()), strict=True))
    return {name: sha256 for name, sha256 in kept.items() if sha256}


def _keep_if_there(fetched):
    """None for a file that is not there, or gone since it was listed."""
    try:
        with fetched() as path:
            return keep(path)
    except FileNotFoundError:
        return None


def renew(sha256):
    """Make an archived file as young as a new one, since something new names it; False when there is none."""
    try:
        archive().touch(_key(sha256))
    except FileNotFoundError:
        return False
    return True


def restore(sha256, folder, name):
    """Put an archived file back into the bucket; FileNotFoundError when retention took it."""
    if not archive().exists(_key(sha256)):
        raise FileNotFoundError(f"{name}: its archived copy {sha256[:12]}… is gone.")
    with archive().fetched(_key(sha256)) as path:
        bucket().take(path, safe_key(folder, name))


def size(sha256):
    """The bytes of an archived file; None when retention took it."""
    key = _key(sha256)
    return archive().size(key) if archive().exists(key) else None


def copy_to(sha256, path):
    """Copy an archived file to `path`; returns the SHA-256 of what came. FileNotFoundError when it is gone."""
    with archive().fetched(_key(sha256)) as kept:
        return copied(kept, path)


def fetched(sha256):
    """A block with the path at which the bytes of an archived file lie; FileNotFoundError when it is gone."""
    return archive().fetched(_key(sha256))


def opened(sha256):
    """`(file object, stat)` of an archived file; FileNotFoundError when it is gone, UnsafeName for no SHA-256."""
    return archive().opened(_key(sha256))


def address(sha256, content_type, caching):
    """Where a browser gets an archived file from another server than ours; None where none has it."""
    return archive().address(_key(sha256), content_type, caching)


def open_file(sha256):
    """An archived file, open for reading; raises the same."""
    return archive().open(_key(sha256))


def stats():
    """`{sha256: os.stat_result}` of every archived file."""
    return {name: stat for folder in archive().folders() for name, stat in archive().files(folder).items()}


def remove(sha256, older_than):
    """Delete an archived file, unless it was kept (again) since `older_than` (epoch seconds); whether it went."""
    return archive().remove_older(_key(sha256), older_than)


def sweep(older_than):
    archive().sweep(older_than)
