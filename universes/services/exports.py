"""Exports: one universe as a zip file of `manifest.json` and `files/<name>`, which any installation can import.

`{"format": "magikswipe-universe", "version": 1, "rows": {table: [row]}, "files": [{"name", "size", "sha256"}]}`:
rows as `universes.rows` reads them, sizes in bytes, hashes in hex. The slug is that of the one row of `univers`.
"""

import hashlib
import json
import zipfile
from functools import partial
from pathlib import Path
from typing import BinaryIO

from storage.files import CHUNK
from storage.staging import staging

from ..rows import Rows
from .copies import Snapshot, of_one_moment

FORMAT, VERSION = "magikswipe-universe", 1
MANIFEST, FILES = "manifest.json", "files/"


def file_name(slug: str) -> str:
    return f"{slug}.magikswipe.zip"


def write(slug: str, target: Path) -> None:
    """Write the export of a universe to the path `target`: rows and files of one moment.

    The same universe makes the same bytes. NotFound when there is none, Changing when it changes all the time.
    """
    of_one_moment(slug, partial(_write, target))


def open_export(slug: str) -> BinaryIO:
    """The same as an open file, which leaves nothing on disk when it is closed."""
    with staging() as folder:
        path = Path(folder) / "archive"
        write(slug, path)
        # An open file stays readable when its folder goes.
        return path.open("rb")


def _write(target: Path, original: Snapshot) -> bool | None:
    with zipfile.ZipFile(target, "w") as archive:
        files = original.copy_files(partial(_store, archive))
        if files is None:
            return None
        archive.writestr(zipfile.ZipInfo(MANIFEST), _manifest(original.rows, files), zipfile.ZIP_DEFLATED)
        return True


def _store(archive: zipfile.ZipFile, name: str, size: int, source: BinaryIO) -> tuple[int, str]:
    """Add a file as it is, since media are compressed already; returns `(size, sha256)`."""
    info, sha256, written = zipfile.ZipInfo(f"{FILES}{name}"), hashlib.sha256(), 0
    info.file_size = size
    with archive.open(info, "w") as target:
        while piece := source.read(CHUNK):
            written += target.write(piece)
            sha256.update(piece)
    return written, sha256.hexdigest()


def _manifest(rows: Rows, files: dict[str, tuple[int, str]]) -> bytes:
    listed = [{"name": name, "size": size, "sha256": sha256} for name, (size, sha256) in files.items()]
    manifest = {"format": FORMAT, "version": VERSION, "rows": rows, "files": listed}
    return json.dumps(manifest, ensure_ascii=False, indent=1).encode()
