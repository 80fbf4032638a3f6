"""All files of a bucket in the place of those that are there, as the second half of a change of rows.

The new files are brought out of sight first. Whether the rows came, and so whether the files shall, is a row itself:
who is killed after it is followed by `finish`, who is killed before it has changed nothing.
"""

import json
import uuid
from contextlib import suppress

from .copying import together
from .models import FileRecord
from .names import ASIDE, FILLING, RESTORING, TEMPORARY
from .staging import staging

GONE, FILES = "gone.json", "files/"


class S3Replacement:
    """The files below a folder, `folder/name`, on their way to the place of all that a store has."""

    def __init__(self, storage, folder):
        self.storage, self.folder = storage, folder
        self.place = f"{storage.hidden(RESTORING)}/"

    def bring(self):
        """Upload them out of sight, with the names of those that have to go."""
        new = {_name(p.relative_to(self.folder)): p for p in self.folder.glob("*/*") if p.is_file()}
        upload = self.storage.client.upload
        together(upload, [(path, f"{self.place}{FILES}{name}") for name, path in new.items()])
        with staging() as folder:
            (folder / GONE).write_text(
                json.dumps(sorted(_shown(self.storage) - new.keys())), encoding="utf-8"
            )
            upload(folder / GONE, f"{self.place}{GONE}")

    def swap(self):
        """Promise it, in the rows' transaction."""
        FileRecord.objects.create(key=f".{self.place}", size=0, mtime_ns=0)

    def undo(self):
        """Take back `bring`; the promise went with its transaction."""
        # `sweep` takes what a server that does not answer has.
        with suppress(OSError):
            _drop(self.storage, self.place)

    def complete(self):
        _complete(self.storage, self.place)


def promised(storage):
    """The places of replacements whose rows are in and whose files are not, or not all."""
    # With a dot before, none is taken for one of a folder's.
    records = FileRecord.objects.filter(key__startswith=f".{storage.prefix}/{RESTORING}")
    return [key.removeprefix(".") for key in records.values_list("key", flat=True)]


def finish(storage):
    """Complete them; returns how many there were."""
    for place in (owed := promised(storage)):
        _complete(storage, place)
    return len(owed)


def forgotten(storage, older_than):
    """The keys of replacements that nobody promised, untouched since then (epoch seconds)."""
    listed = storage.client.listing(f"{storage.prefix}/{RESTORING}")
    if not (old := [key for key, stat in listed if stat.st_mtime < older_than]):
        return []
    owed = promised(storage)
    return [key for key in old if not any(key.startswith(place) for place in owed)]


def _complete(storage, place):
    try:
        _show(storage, place)
    except FileNotFoundError:
        # Who does the same has just been faster.
        if place in promised(storage):
            raise
        return
    # From here on they are nobody's, and the rest of them is only in the way.
    FileRecord.objects.filter(key=f".{place}").delete()
    _drop(storage, place)


def _show(storage, place):
    client, start = storage.client, f"{storage.prefix}/"
    brought = [key for key, _ in client.listing(f"{place}{FILES}")]
    together(client.copy, [(key, f"{start}{key.removeprefix(f'{place}{FILES}')}") for key in brought])
    with storage.fetched_key(f"{place}{GONE}") as path:
        gone = json.loads(path.read_text(encoding="utf-8"))
    client.delete([f"{start}{name}" for name in gone])


def _drop(storage, place):
    storage.client.delete([key for key, _ in storage.client.listing(place)])


def _shown(storage):
    """The names of all that a replacement replaces: everything but what is on its way in."""
    start = f"{storage.prefix}/"
    names = (key.removeprefix(start) for key, _ in storage.client.listing(start))
    return {name for name in names if not name.startswith((TEMPORARY, RESTORING))}


def _name(path):
    """What a file of a folder is called here, where what is being set aside is so at once."""
    folder, name = path.parts
    if folder.startswith(FILLING):
        folder = f"{ASIDE}{folder.removeprefix(FILLING)}-{uuid.uuid4().hex}"
    return f"{folder}/{name}"
