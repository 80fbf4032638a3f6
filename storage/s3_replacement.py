"""Replacing all files of an S3 store by those of a backup, as the second half of a change of rows.

The new files are staged first. A row in the transaction of the other rows commits the replacement: killed after it, it
is completed by `finish`; killed before it, nothing has changed.
"""

import json
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .files import together
from .models import FileRecord
from .names import RESTORING, TEMPORARY, TRASH, TRASH_FILLING
from .staging import staging

if TYPE_CHECKING:
    from .s3 import S3Storage

# The names that the replacement deletes; the folder of its files.
GONE, FILES = "gone.json", "files/"


class S3Replacement:
    """The files below a folder, at `folder/name`, that shall replace all files of a store."""

    def __init__(self, storage: "S3Storage", folder: Path) -> None:
        self.storage, self.folder = storage, folder
        self.place = f"{storage.staging_key(RESTORING)}/"

    def stage(self) -> None:
        """Upload the files beside the bucket's, and the names of those to delete."""
        new = {_name(p.relative_to(self.folder)): p for p in self.folder.glob("*/*") if p.is_file()}
        upload = self.storage.client.upload
        together(upload, [(path, f"{self.place}{FILES}{name}") for name, path in new.items()])
        with staging() as folder:
            (folder / GONE).write_text(
                json.dumps(sorted(_replaced_names(self.storage) - new.keys())), encoding="utf-8"
            )
            upload(folder / GONE, f"{self.place}{GONE}")

    def commit(self) -> None:
        """Write the row, in the transaction of the others."""
        FileRecord.objects.create(key=f".{self.place}", size=0, mtime_ns=0)

    def roll_back(self) -> None:
        """Undo `stage`; the row went with its transaction."""
        # `sweep` deletes them later where the server does not answer.
        with suppress(OSError):
            self.storage.client.delete_below(self.place)

    def complete(self) -> None:
        """Move the files in."""
        _complete(self.storage, self.place)


def unfinished(storage: "S3Storage") -> list[str]:
    """The places of committed replacements that are not completed."""
    # The dot tells them from the records of files.
    records = FileRecord.objects.filter(key__startswith=f".{storage.prefix}/{RESTORING}")
    return [key.removeprefix(".") for key in records.values_list("key", flat=True)]


def finish(storage: "S3Storage") -> int:
    """Complete them; returns their number."""
    for place in (places := unfinished(storage)):
        _complete(storage, place)
    return len(places)


def uncommitted(storage: "S3Storage", older_than: float) -> list[str]:
    """The keys of replacements without a row, untouched since then (epoch seconds)."""
    listed = storage.client.listing(f"{storage.prefix}/{RESTORING}")
    if not (old := [key for key, stat in listed if stat.st_mtime < older_than]):
        return []
    places = unfinished(storage)
    return [key for key in old if not any(key.startswith(place) for place in places)]


def _complete(storage: "S3Storage", place: str) -> None:
    try:
        _move_in(storage, place)
    except FileNotFoundError:
        # Another process may have been faster.
        if place in unfinished(storage):
            raise
        return
    # Without the row, the rest is for `sweep`.
    FileRecord.objects.filter(key=f".{place}").delete()
    storage.client.delete_below(place)


def _move_in(storage: "S3Storage", place: str) -> None:
    client, start = storage.client, f"{storage.prefix}/"
    staged = [key for key, _ in client.listing(f"{place}{FILES}")]
    together(client.copy, [(key, f"{start}{key.removeprefix(f'{place}{FILES}')}") for key in staged])
    with storage.fetched_key(f"{place}{GONE}") as path:
        gone = json.loads(path.read_text(encoding="utf-8"))
    client.delete(f"{start}{name}" for name in gone)


def _replaced_names(storage: "S3Storage") -> set[str]:
    """The names of all files but staged ones."""
    start = f"{storage.prefix}/"
    names = (key.removeprefix(start) for key, _ in storage.client.listing(start))
    return {name for name in names if not name.startswith((TEMPORARY, RESTORING))}


def _name(path: Path) -> str:
    """The name of a backup's file on S3, which has no half-filled trash."""
    folder, name = path.parts
    if folder.startswith(TRASH_FILLING):
        folder = f"{TRASH}{folder.removeprefix(TRASH_FILLING)}-{uuid.uuid4().hex}"
    return f"{folder}/{name}"
