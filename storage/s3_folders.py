"""Folders of an S3 bucket out of sight: on their way to the archive, and on their way in."""

from contextlib import contextmanager

from .copying import pumped, together
from .names import safe_key
from .staging import staging


class S3Aside:
    """What was moved out of sight under a label, until the archive has it."""

    def __init__(self, storage, label, start):
        self.storage, self.label, self.start = storage, label, start

    def names(self):
        """Of the files in it that may have a key."""
        return list(self.storage.files_at(self.start))

    @contextmanager
    def fetched(self, name):
        """The path of a copy of one of them while the block runs."""
        with self.storage.fetched_key(f"{self.start}{name}") as path:
            yield path

    def discard(self, names):
        """Delete these files, and then all of it, but for a file that has come since they were listed."""
        self.storage.client.delete([f"{self.start}{name}" for name in names])
        if not self.names():
            self.storage.client.delete([key for key, _ in self.storage.client.listing(self.start)])


class S3Preparation:
    """Files on their way into a folder that is not there yet; `place`: what their keys begin with till then."""

    def __init__(self, storage, place):
        self.storage, self.place, self.added = storage, place, []

    def add(self, name, source):
        """Copy a binary file object in under `name`; returns `(size in bytes, SHA-256 in hex)`."""
        with staging() as folder:
            with (folder / "file").open("wb") as target:
                told = pumped(source, target)
            self.storage.client.upload(folder / "file", f"{self.place}{safe_key(name)}")
        self.added.append(name)
        return told

    def appear(self, folder):
        """Become that folder of the bucket; FileExistsError when there are files in it."""
        if self.storage.files(folder):
            raise FileExistsError(f"The folder '{folder}' holds files already.")
        try:
            together(
                self.storage.move_in, [(f"{self.place}{name}", f"{folder}/{name}") for name in self.added]
            )
        except OSError:
            self.vanish(folder)
            raise

    def vanish(self, folder):
        """Take back `appear`, where what should have come with it did not."""
        self.storage.delete_keys([self.storage.key(f"{folder}/{name}") for name in self.added])
