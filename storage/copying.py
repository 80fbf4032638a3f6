"""Files copied piece by piece, and what they are told by."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .filesystems import optional

# How much is read at a time, and how many calls a server answers side by side.
CHUNK, AT_ONCE = 1024 * 1024, 16


def copied(path, target):
    """Copy the file at `path` to the path `target`, on disk; returns the SHA-256 of what came."""
    with Path(path).open("rb") as source, Path(target).open("wb") as copy:
        return pumped(source, copy)[1]


def pumped(source, target):
    """Copy from one binary file object to another, on disk; returns `(size in bytes, SHA-256 in hex)`."""
    sha256, size = hashlib.sha256(), 0
    while piece := source.read(CHUNK):
        size += target.write(piece)
        sha256.update(piece)
    target.flush()
    with optional():
        os.fsync(target.fileno())
    return size, sha256.hexdigest()


def digests(path):
    """`{"sha256": hex, "md5": hex}` of a file, read in pieces of 1 MiB."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with Path(path).open("rb") as source:
        while piece := source.read(CHUNK):
            sha256.update(piece)
            md5.update(piece)
    return {"sha256": sha256.hexdigest(), "md5": md5.hexdigest()}


def together(function, items):
    """What a function returns for each item, a tuple of its arguments, in their order; many at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda item: function(*item), items))
