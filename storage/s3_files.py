"""An object of S3 as a file that is read where one looks: nothing is asked for before."""

import io

from .errors import BucketUnreachable

# How often an answer that broke off is asked for again from where it did, without a byte in between.
TRIES = 3


class S3File(io.RawIOBase):
    """Reads the object of a Stat, whole or not to its end; one that takes its name meanwhile is a FileNotFoundError.

    `body`: an answer that begins with its first byte.
    """

    def __init__(self, client, key, stat, body=None):
        self.client, self.key, self.stat = client, key, stat
        self.at, self.body = 0, body

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.at

    def seek(self, offset, whence=io.SEEK_SET):
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.stat.st_size}[whence]
        if start + offset != self.at:
            self._drop()
            self.at = start + offset
        return self.at

    def readinto(self, buffer):
        wanted = min(len(buffer), self.stat.st_size - self.at)
        piece = self._piece(wanted) if wanted > 0 else b""
        buffer[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def _piece(self, wanted):
        for _ in range(TRIES - 1):
            try:
                return self._next(wanted)
            except BucketUnreachable:
                self._drop()
        return self._next(wanted)

    def _next(self, wanted):
        if self.body is None:
            self.body = self.client.stream(self.key, self.at, self.stat)
        if piece := self.client.read(self.body, wanted):
            return piece
        raise self.client.unreachable("the answer broke off")

    def _drop(self):
        if self.body is not None:
            self.body.close()
            self.body = None

    def close(self):
        self._drop()
        super().close()
