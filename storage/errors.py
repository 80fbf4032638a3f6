"""Errors of bucket and archive that no input causes: a full disk, a server that does not answer."""

import errno
import sqlite3
from collections.abc import Iterator

from .messages import gettext as _

# A disk, a quota, or a limit on the size of a file.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# https://www.sqlite.org/rescode.html#full; the index of its log could not be made as long as it must be.
SQLITE_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
POSTGRESQL_NO_ROOM = "53100"


class DiskFull(OSError):
    """No room to write; its errno is ENOSPC, its text one sentence for people."""

    def __init__(self) -> None:
        super().__init__(errno.ENOSPC, _("The disk is full; make room, then try again."))

    def __str__(self) -> str:
        return str(self.strerror)


def is_disk_full(error: BaseException) -> bool:
    """Whether an exception, or one that led to it, says that there was no room to write.

    True for an OSError in NO_ROOM, and for a database error of SQLite (SQLITE_FULL) or
    PostgreSQL (53100), wrapped by Django or not. Causes that were hidden by `from None` are not seen.
    """
    return any(_says_full(one) for one in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _says_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return True
    full = getattr(error, "sqlite_errorcode", None) in SQLITE_NO_ROOM
    return full or getattr(error, "sqlstate", None) == POSTGRESQL_NO_ROOM


class BucketUnreachable(OSError):
    """The server of the bucket does not answer, or refuses; the call may be repeated.

    `reason`: a few words without address, key or name of a file, since strangers read them; `setting`: the setting
    with the server's address.
    """

    def __init__(self, reason: str, setting: str = "BUCKET_URL") -> None:
        super().__init__(
            errno.EHOSTUNREACH,
            _("The bucket of %(setting)s can't be reached, or refuses; try again in a moment (%(reason)s).")
            % {"setting": setting, "reason": reason},
        )
        self.reason, self.setting = reason, setting

    def __str__(self) -> str:
        return str(self.strerror)


class NotWritable(OSError):
    """Bucket or archive can't be written; the message is one sentence that says what to check."""


class Busy(Exception):
    """All the memory for pictures and clips is in use; `retry_after`: in seconds."""

    retry_after = 20

    def __init__(self) -> None:
        super().__init__(_("Too many pictures and clips are read at the moment; try again in a moment."))
