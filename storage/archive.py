"""The archive: files under their own SHA-256, so that the same bytes lie there once."""

import re

from django.core.files.storage import storages

from .bucket import bucket, digests
from .names import UnsafeName, safe_key


def archive():
    return storages["archive"]


def _key(sha256):
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise UnsafeName("An archived file is named by its SHA-256: 64 hexadecimal digits.")
    return safe_key(sha256[:2], sha256)


def keep(path):
    """Archive a copy of the file at `path`; returns its SHA-256."""
    sha256 = digests(path)["sha256"]
    if not archive().exists(_key(sha256)):
        archive().take(path, _key(sha256))
    return sha256


def keep_from_bucket(folder, names):
    """Archive the named files of a folder, as far as they exist: `{name: sha256}`."""
    keys = {name: safe_key(folder, name) for name in names}
    return {name: keep(bucket().path(key)) for name, key in keys.items() if bucket().exists(key)}


def restore(sha256, folder, name):
    """Put an archived file back into the bucket; FileNotFoundError when retention took it."""
    if not archive().exists(_key(sha256)):
        raise FileNotFoundError(f"{name}: its archived copy {sha256[:12]}… is gone.")
    bucket().take(archive().path(_key(sha256)), safe_key(folder, name))
