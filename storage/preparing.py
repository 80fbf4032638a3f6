"""A folder that is filled out of sight and appears in the bucket whole, in one rename."""

import errno
import hashlib
import os
import shutil
import uuid
from contextlib import contextmanager
from pathlib import Path

from .bucket import CHUNK, bucket
from .names import TEMPORARY, safe_key


class Preparation:
    """Files on their way into a folder that is not there yet."""

    def __init__(self, path):
        self.path = path

    def add(self, name, source):
        """Copy a binary file object in under `name`, on disk; returns `(size in bytes, SHA-256 in hex)`."""
        sha256, size = hashlib.sha256(), 0
        with (self.path / safe_key(name)).open("xb") as target:
            while piece := source.read(CHUNK):
                size += target.write(piece)
                sha256.update(piece)
            target.flush()
            os.fsync(target.fileno())
        return size, sha256.hexdigest()

    def appear(self, folder):
        """Become that folder of the bucket; FileExistsError when there are files in it.

        Nothing is copied and nothing waits for the disk, so that it fits at the end of a transaction.
        """
        try:
            # An empty folder gives way (https://pubs.opengroup.org/onlinepubs/9799919799/functions/rename.html).
            self.path.rename(bucket().path(folder))
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            raise FileExistsError(f"The folder '{folder}' holds files already.") from None

    def vanish(self, folder):
        """Take back `appear`, where what should have come with it did not."""
        Path(bucket().path(folder)).rename(self.path)


@contextmanager
def preparing():
    """A Preparation; what has not appeared at the end of the block goes."""
    root = Path(bucket().location)
    # `sweep` takes what a process that was killed leaves under such a name.
    path = root / f"{TEMPORARY}{uuid.uuid4().hex}"
    path.mkdir(parents=True)
    try:
        yield Preparation(path)
    finally:
        if path.exists():
            shutil.rmtree(path)
