"""A backup is believed once all of it was read: every member that the manifest lists, and none besides."""

import hashlib
import os
import tarfile
from pathlib import Path

from storage.files import set_time

from . import manifest
from .errors import Refused

PIECE = 1024 * 1024


def check(path):
    """The manifest of the backup at `path`; Refused when it is not whole, or not what was written."""
    return _walk(path, lambda info: None)


def unpack(path, folder):
    """Write all its members below `folder`, checked once more while they come."""

    def place(info):
        target = folder / info.name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    return _walk(path, place)


def _walk(path, place):
    found, said = {}, None
    try:
        with tarfile.open(path, "r:") as tar:
            for info in tar:
                if said is not None or not info.isfile():
                    raise manifest.refused(f"it has {info.name[:60]!r} where nothing should be")
                if info.name == manifest.NAME:
                    said = manifest.read(tar.extractfile(info).read())
                    continue
                manifest.check_name(info.name)
                found[info.name] = _read(tar, info, place(info))
    except (tarfile.TarError, EOFError):
        raise manifest.refused("it breaks off or is no tar file") from None
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}; see to it and try again.") from None
    if said is None:
        raise manifest.refused("its end is missing")
    _compare(found, said["files"])
    return said


def _read(tar, info, target):
    sha256, size = hashlib.sha256(), 0
    with tar.extractfile(info) as source, Path(target or os.devnull).open("wb") as copy:
        while piece := source.read(PIECE):
            sha256.update(piece)
            size += len(piece)
            copy.write(piece)
    if target:
        set_time(target, info.mtime)
    return {"size": size, "sha256": sha256.hexdigest()}


def _compare(found, listed):
    for name in found.keys() ^ listed.keys():
        raise manifest.refused(f"{name} is missing in it or in its manifest")
    for name, facts in listed.items():
        if found[name] != facts:
            raise manifest.refused(f"{name} has other bytes than were written")
