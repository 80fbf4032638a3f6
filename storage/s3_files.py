"""An object of S3 as a file that is read where one looks: nothing is asked for before."""

import io


class S3File(io.RawIOBase):
    """Reads the object of a Stat; one that takes its name meanwhile is a FileNotFoundError."""

    def __init__(self, client, key, stat):
        self.client, self.key, self.stat = client, key, stat
        self.at, self.body = 0, None

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
        if self.at >= self.stat.st_size:
            return 0
        if self.body is None:
            self.body = self.client.stream(self.key, self.at, self.stat)
        piece = self.client.read(self.body, len(buffer))
        buffer[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def _drop(self):
        if self.body is not None:
            self.body.close()
            self.body = None

    def close(self):
        self._drop()
        super().close()
