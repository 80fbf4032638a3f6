"""The old database's file: held while it is read, copied, replaced by the new one; and the report beside it."""

import errno
import fcntl
import os
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from pathlib import Path

from django.db import connection

from storage.files import flush

from .recognition import Refused

# For so long others may have it open, in seconds: a worker that waits looks at it now and then.
PATIENCE, PAUSE = 3, 0.2
# Files that SQLite keeps beside a database, https://www.sqlite.org/tempfiles.html
BESIDE = ("-journal", "-wal", "-shm")

HELD = "{path} is open in another program; stop the old backend and start again."
NOT_WRITABLE = "{path} and its folder can't be written by the user {user}; give them to it (docs/moving.md)."
# Lines that a terminal shows; the file has all.
SHOWN = 40


@contextmanager
def held(path: Path) -> Iterator[sqlite3.Connection]:
    """The old database, to be read; nobody else writes it while the block runs.

    What a killed server left in a journal or log is brought in, and no such file is left beside it. Refused when
    another program has it open, or it can't be written.
    """
    _check_writable(path)
    _check_alone(path)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)) as old:
        old.text_factory = partial(str, encoding="utf-8", errors="replace")
        try:
            # A log of the old database would be taken for the new one's, which gets its name.
            old.execute("PRAGMA journal_mode=DELETE")
            old.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            raise Refused(HELD.format(path=path)) from None
        yield old


def _check_writable(path: Path) -> None:
    if not (os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.R_OK | os.W_OK | os.X_OK)):
        raise Refused(NOT_WRITABLE.format(path=path, user=os.getuid()))


def _check_alone(path: Path) -> None:
    """Refused while another process has the file open: an idle server holds no lock, and writes again later."""
    end = time.monotonic() + PATIENCE
    while _is_open_elsewhere(path):
        if time.monotonic() > end:
            raise Refused(HELD.format(path=path))
        time.sleep(PAUSE)


def _is_open_elsewhere(path: Path) -> bool:
    """As the kernel says, which leases a file for writing to its only opener; false where it does not lease.

    https://man7.org/linux/man-pages/man2/F_GETLEASE.2const.html
    """
    descriptor = os.open(path, os.O_RDWR)
    try:
        # A process that opens it now breaks the lease, which the kernel tells by a signal; SIGIO would end us.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False


def rows(old: sqlite3.Connection, table: str) -> Iterator[dict]:
    """The rows of a table, the oldest first, as dicts; `rowid` among them."""
    cursor = old.execute(f'SELECT rowid AS rowid, * FROM "{table}" ORDER BY rowid')  # noqa: S608 - a name of ours
    names = [column[0] for column in cursor.description]
    for values in cursor:
        yield dict(zip(names, values, strict=True))


def keep_copy(path: Path) -> Path:
    """Copy the database to `local.before-django.db` beside it; returns the copy's path.

    An earlier copy that differs stays, and this one gets a number.
    """
    made = path.with_name(f"{path.stem}.before-django.part")
    made.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as source,
        closing(sqlite3.connect(made)) as target,
    ):
        source.backup(target)
    shutil.copymode(path, made)
    names = (f"{path.stem}.before-django{f'-{n}' if n > 1 else ''}{path.suffix}" for n in count(1))
    copy = next(c for name in names if not (c := path.with_name(name)).exists() or _are_same(c, made))
    made.replace(copy)
    return copy


def _are_same(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


@contextmanager
def new_database(path: Path) -> Iterator[Path]:
    """The path of an empty file beside `path`, to which the ORM's default connection leads while the block runs.

    Django's own test databases are connected to in the same way (django.test.utils.setup_databases).
    """
    new = path.with_name(f"{path.stem}.adopting{path.suffix}")
    _remove(new)
    connection.close()
    before = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = str(new)
    try:
        yield new
    except BaseException:
        connection.close()
        _remove(new)
        raise
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def _remove(new: Path) -> None:
    for name in ("", *BESIDE):
        new.with_name(f"{new.name}{name}").unlink(missing_ok=True)


def put_in_place(new: Path, path: Path) -> None:
    """Let the new database be the one at `path`, in one rename, and on disk."""
    shutil.copymode(path, new)
    flush(new)
    new.replace(path)
    flush(path.parent)


class Report:
    """All that came over changed or not at all: shown once, kept beside the database."""

    def __init__(self, path: Path, copy: Path) -> None:
        self.path, self.copy = path, copy
        self.counts: Counter[str] = Counter()
        self.notes: list[str] = []
        self.file = path.with_name(f"{path.stem}.adoption.txt")

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def save(self) -> None:
        """Write all of it beside the database, in one piece."""
        part = self.file.with_suffix(".part")
        part.write_text("\n".join([*self._head(), *self.notes, ""]), encoding="utf-8")
        part.replace(self.file)

    def shown(self) -> str:
        more = len(self.notes) - SHOWN
        rest = [f"… and {more} more"] if more > 0 else []
        return "\n".join([*self._head(), *self.notes[:SHOWN], *rest, f"All of this stands in {self.file}."])

    def _head(self) -> list[str]:
        told = ", ".join(f"{number} {what}" for what, number in self.counts.items() if number)
        return [
            f"Adopted the old backend's database {self.path}: {told}. As it was, it is {self.copy.name} beside it.",
            *(["What did not come over as it was:"] if self.notes else []),
        ]
