"""A folder that is filled out of sight and appears in the bucket whole, in one rename."""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .copying import pumped
from .names import safe_key


@dataclass(frozen=True)
class Preparation:
    """Files on their way into a folder that is not there yet. `path_of`: where a folder of the bucket lies."""

    path: Path
    path_of: Callable[[str], str]

    def add(self, name, source):
        """Copy a binary file object in under `name`, on disk; returns `(size in bytes, SHA-256 in hex)`."""
        with (self.path / safe_key(name)).open("xb") as target:
            return pumped(source, target)

    def appear(self, folder):
        """Become that folder of the bucket; FileExistsError when there are files in it.

        Nothing is copied and nothing waits for the disk, so that it fits at the end of a transaction.
        """
        try:
            # An empty folder gives way (https://pubs.opengroup.org/onlinepubs/9799919799/functions/rename.html).
            self.path.rename(self.path_of(folder))
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            raise FileExistsError(f"The folder '{folder}' holds files already.") from None

    def vanish(self, folder):
        """Take back `appear`, where what should have come with it did not."""
        Path(self.path_of(folder)).rename(self.path)
