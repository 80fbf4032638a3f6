"""Failures of the machine: a full disk, a damaged database, files that can't be reached; one sentence for each."""

import errno
from dataclasses import dataclass, replace

from django.db import Error, InterfaceError, OperationalError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from storage.errors import BucketUnreachable, is_disk_full

# https://www.sqlite.org/rescode.html: CORRUPT, NOTADB; PERM, READONLY, IOERR, CANTOPEN.
SQLITE_DAMAGED, SQLITE_CLOSED = {11, 26}, {3, 8, 10, 14}
SQLITE_INCOMPLETE = ("no such table", "no such column", "has no column named")
SQLITE_HALF = ("already exists", "duplicate column name")
# https://www.postgresql.org/docs/current/errcodes-appendix.html: undefined_table, undefined_column; duplicate_table,
# duplicate_column; data_corrupted, index_corrupted.
POSTGRESQL_INCOMPLETE, POSTGRESQL_HALF = {"42P01", "42703"}, {"42P07", "42701"}
POSTGRESQL_DAMAGED = {"XX001", "XX002"}
FILES_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENOTCONN}


@dataclass(frozen=True)
class Failure:
    """`sentence`: for the API, commands and whoever runs it, in English; `title`, `says`: of a page for editors."""

    status: int
    sentence: str
    title: str | Promise
    says: str | Promise


FULL = Failure(
    507,
    "The disk is full; make room, then try again.",
    _("The disk is full"),
    _(
        "There is no room for what you wanted to keep, and nothing was changed. Tell your administrator, who has to "
        "make room; then try again."
    ),
)
BUSY = Failure(
    503,
    "The database is busy or can't be reached; try again in a moment.",
    _("The database does not answer"),
    _(
        "It is busy or can't be reached. Nothing is lost: try again in a minute, and tell your administrator if it "
        "lasts."
    ),
)
UNREADABLE = Failure(
    503,
    "The database is damaged; restore the last backup.",
    _("The database can't be read"),
    _("It is damaged, missing or not complete. Tell your administrator: manage.py doctor says what to do."),
)
INCOMPLETE = replace(
    UNREADABLE,
    sentence="The database has not all its tables; run: manage.py migrate. If they were there before, its file is gone "
    "or another: restore the last backup.",
)
HALF = replace(
    UNREADABLE,
    sentence="The database has something already that a migration was to make, so one broke off or other tables lie "
    "there; restore the last backup, or begin with an empty database.",
)
CLOSED = replace(
    UNREADABLE,
    sentence="The database can't be opened or written; look at its file, its rights and its disk.",
)
FILES = Failure(
    503,
    "",
    _("Pictures can't be reached"),
    _(
        "The server that keeps pictures, clips and songs does not answer. Nothing is lost: try again in a minute, and "
        "tell your administrator if it lasts."
    ),
)
DISK = replace(
    FILES,
    sentence="The files in STORAGE_PATH can't be read or written; look at their rights and their disk.",
    says=_("The files can't be read or written. Tell your administrator: manage.py doctor says what to do."),
)


def find(error: BaseException) -> Failure | None:
    """The Failure that an exception means; None for one that means something else, or a bug."""
    if is_disk_full(error):
        return FULL
    if isinstance(error, BucketUnreachable):
        return replace(FILES, sentence=str(error))
    if isinstance(error, OSError):
        return DISK if error.errno in FILES_CLOSED else None
    return _of_database(error) if isinstance(error, Error) else None


def _of_database(error: Error) -> Failure | None:
    cause = error.__cause__
    code, state = getattr(cause, "sqlite_errorcode", 0) & 0xFF, getattr(cause, "sqlstate", None)
    if code in SQLITE_DAMAGED or state in POSTGRESQL_DAMAGED:
        return UNREADABLE
    if state in POSTGRESQL_INCOMPLETE or (code == 1 and _says(cause, SQLITE_INCOMPLETE)):
        return INCOMPLETE
    if state in POSTGRESQL_HALF or (code == 1 and _says(cause, SQLITE_HALF)):
        return HALF
    if code in SQLITE_CLOSED:
        return CLOSED
    return BUSY if isinstance(error, OperationalError | InterfaceError) else None


def _says(cause: BaseException | None, words: tuple[str, ...]) -> bool:
    return any(word in str(cause) for word in words)
