"""The file of a backup: a tar of rows and files, and last its manifest, so that one that broke off has none.

A backup is believed once all of it was read: every member that the manifest lists, and none besides.
"""

import hashlib
import json
import os
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from magikswipe import __version__
from storage.files import set_time

NAME, FORMAT, VERSION = "manifest.json", "magikswipe-backup", 1
FOLDER, FILE = r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,199}", r"[A-Za-z0-9_][A-Za-z0-9._-]{0,149}"
MEMBER = re.compile(rf"rows/[A-Za-z_]+\.[A-Za-z]+\.jsonl|(bucket|archive|pending)/{FOLDER}/{FILE}")
NO_BACKUP = "This is no whole backup of MagikSwipe ({reason}); use another one."
PIECE = 1024 * 1024
# Where a member is written to; nowhere when it is only checked.
Place = Callable[[tarfile.TarInfo], Path | None]


class Refused(Exception):
    """A backup that can't be made, or can't be restored; the message is one sentence that says what to do."""


class Facts(TypedDict):
    size: int
    sha256: str


class Manifest(TypedDict):
    """`rows`: how many of each model, by its label. `files`: all members but the manifest itself, by name."""

    format: str
    version: int
    made_at: str
    made_by: str
    migrations: list[str]
    rows: dict[str, int]
    files: dict[str, Facts]


def describe(rows: dict[str, int], files: dict[str, Facts]) -> bytes:
    """The bytes of a manifest."""
    said: Manifest = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": timezone.now().isoformat(),
        "made_by": __version__,
        "migrations": migrations(),
        "rows": rows,
        "files": files,
    }
    return json.dumps(said, indent=1).encode()


def migrations() -> list[str]:
    """The names of all applied migrations, `app.name`, which say what the tables look like."""
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def read(content: bytes) -> Manifest:
    """A manifest; Refused when it is none, or of a format to come."""
    try:
        found: Manifest = json.loads(content)
        if found["format"] != FORMAT or not isinstance(found["files"], dict):
            raise refused("its manifest is another's")
        if found["version"] > VERSION:
            raise Refused(f"The backup was made by version {found['made_by']}; restore it with that one.")
    except (ValueError, KeyError, TypeError):
        raise refused("its manifest can't be read") from None
    return found


def check_tables(manifest: Manifest) -> None:
    """Refused unless the tables here are those that the backup was made from."""
    here, there = set(migrations()), set(manifest["migrations"])
    if here != there:
        other = sorted(here ^ there)[0]
        raise Refused(
            f"The backup's tables are others than those here ({other}); restore it with the version that made it, "
            f"{manifest['made_by']}, then update."
        )


def check_name(member: str) -> None:
    if not MEMBER.fullmatch(member) or ".." in member.split("/"):
        raise refused(f"it has a file {member[:60]!r}")


def refused(reason: str) -> Refused:
    return Refused(NO_BACKUP.format(reason=reason))


def sentence(said: Manifest) -> str:
    """`1234 rows and 56 files (7.8 MB)`"""
    media = [facts["size"] for name, facts in said["files"].items() if not name.startswith("rows/")]
    return f"{sum(said['rows'].values())} rows and {len(media)} files ({sum(media) / 1e6:.1f} MB)"


def check(path: str | Path) -> Manifest:
    """The manifest of the backup at `path`; Refused when it is not whole, or not what was written."""
    return _walk(path, lambda info: None)


def unpack(path: str | Path, folder: Path) -> Manifest:
    """Write all its members below `folder`, checked once more while they come."""

    def place(info: tarfile.TarInfo) -> Path:
        target = folder / info.name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    return _walk(path, place)


def _walk(path: str | Path, place: Place) -> Manifest:
    found: dict[str, Facts] = {}
    said: Manifest | None = None
    try:
        with tarfile.open(path, "r:") as tar:
            for info in tar:
                if said is not None or not info.isfile():
                    raise refused(f"it has {info.name[:60]!r} where nothing should be")
                if info.name == NAME:
                    said = read(tar.extractfile(info).read())
                    continue
                check_name(info.name)
                found[info.name] = _read(tar, info, place(info))
    except (tarfile.TarError, EOFError):
        raise refused("it breaks off or is no tar file") from None
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}; see to it and try again.") from None
    if said is None:
        raise refused("its end is missing")
    _compare(found, said["files"])
    return said


def _read(tar: tarfile.TarFile, info: tarfile.TarInfo, target: Path | None) -> Facts:
    sha256, size = hashlib.sha256(), 0
    with tar.extractfile(info) as source, Path(target or os.devnull).open("wb") as copy:
        while piece := source.read(PIECE):
            sha256.update(piece)
            size += len(piece)
            copy.write(piece)
    if target:
        set_time(target, info.mtime)
    return {"size": size, "sha256": sha256.hexdigest()}


def _compare(found: dict[str, Facts], listed: dict[str, Facts]) -> None:
    for name in found.keys() ^ listed.keys():
        raise refused(f"{name} is missing in it or in its manifest")
    for name, facts in listed.items():
        if found[name] != facts:
            raise refused(f"{name} has other bytes than were written")
