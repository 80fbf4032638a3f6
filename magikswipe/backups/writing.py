"""A backup is a tar file: the rows of each table, the files of bucket and archive, and last its manifest."""

import hashlib
import io
import tarfile
import time
from contextlib import suppress
from pathlib import Path

from . import manifest, reading
from .errors import Refused
from .moment import moment
from .places import places
from .rows import models, write


class Hashing:
    """Reads a file and knows the SHA-256 of what came."""

    def __init__(self, source):
        self.source = source
        self.sha256 = hashlib.sha256()

    def read(self, size=-1):
        piece = self.source.read(size)
        self.sha256.update(piece)
        return piece


def make(path):
    """Write a backup to `path`, for its owner alone, and read it again; returns its manifest.

    Refused when there is such a file already. One that is not whole is not left behind.
    """
    path = Path(path)
    if path.exists():
        raise Refused(f"{path} is there already; choose another name.")
    part = path.with_name(f"{path.name}.part")
    try:
        part.touch(mode=0o600)
        with part.open("wb") as target:
            pour(target)
        said = reading.check(part)
        part.rename(path)
    except OSError as error:
        raise Refused(f"{path} can't be written ({error.strerror}); choose another place.") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return said


def pour(target):
    """Write a backup to a binary stream, which need not be a file."""
    with (
        moment() as (alias, folder),
        tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        counts, files = {}, {}
        for model in models():
            lines = folder / "rows.jsonl"
            with lines.open("w", encoding="utf-8") as stream:
                counts[model._meta.label] = write(model, stream, alias)
            _add(tar, lines, f"rows/{model._meta.label}.jsonl", files)
        for name in places():
            for path in sorted((folder / name).rglob("*")):
                if path.is_file():
                    _add(tar, path, f"{name}/{path.parent.name}/{path.name}", files)
                    # The disk need not hold it twice.
                    path.unlink()
        content = manifest.describe(counts, files)
        tar.addfile(_info(manifest.NAME, len(content), time.time()), io.BytesIO(content))


def _add(tar, path, member, files):
    stat = path.stat()
    with path.open("rb") as source:
        hashing = Hashing(source)
        tar.addfile(_info(member, stat.st_size, stat.st_mtime), hashing)
    files[member] = {"size": stat.st_size, "sha256": hashing.sha256.hexdigest()}


def _info(member, size, mtime):
    info = tarfile.TarInfo(member)
    info.size, info.mtime, info.mode = size, mtime, 0o600
    return info
