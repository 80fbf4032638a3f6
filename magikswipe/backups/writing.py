"""A backup is made of one moment of rows and files together, while everybody goes on working.

Nobody writes rows while the files are linked, or where they lie on a server, while those are copied that have changed
since a first copy of all. The rows are read later, from the state of that moment:
https://www.sqlite.org/isolation.html, https://www.postgresql.org/docs/current/transaction-iso.html
"""

import hashlib
import io
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from django.db import OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from storage.staging import staging

from . import tarball
from .places import places
from .rows import models, write
from .tarball import Refused

READER = "backup"
# PostgreSQL ends one of several that wait for each other for a second (deadlock_timeout). Locking all tables ends
# within less than half of that, or is given up and tried again, so that it is never a worker that fails.
LOCK_WITHIN, LOCK_TRIES, LOCK_PAUSE = "400ms", 60, 0.5
# https://www.postgresql.org/docs/current/errcodes-appendix.html: query_canceled, lock_not_available,
# deadlock_detected.
TRY_AGAIN = {"57014", "55P03", "40P01"}
BUSY = "The database is too busy to be held for a moment; nothing was written. Try again at a quieter time."


class Hashing:
    """Reads a file and knows the SHA-256 of what came."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self.source.read(size)
        self.sha256.update(piece)
        return piece


def make(path: str | Path) -> tarball.Manifest:
    """Write a backup to `path`, for its owner alone, and read it again; returns its manifest.

    Refused when there is such a file already. One that is not whole is not left behind.
    """
    path = Path(path)
    if path.exists():
        raise Refused(f"{path} is there already; choose another name.")
    part = path.with_name(f"{path.name}.part")
    try:
        part.touch(mode=0o600)
        with part.open("wb") as target:
            pour(target)
        said = tarball.check(part)
        part.rename(path)
    except OSError as error:
        raise Refused(f"{path} can't be written ({error.strerror}); choose another place.") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return said


def pour(target: IO[bytes]) -> None:
    """Write a backup to a binary stream, which need not be a file."""
    with (
        moment() as (alias, folder),
        tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        counts: dict[str, int] = {}
        files: dict[str, tarball.Facts] = {}
        for model in models():
            lines = folder / "rows.jsonl"
            with lines.open("w", encoding="utf-8") as stream:
                counts[model._meta.label] = write(model, stream, alias)
            _add(tar, lines, f"rows/{model._meta.label}.jsonl", files)
        for name in places():
            for path in sorted((folder / name).rglob("*")):
                if path.is_file():
                    _add(tar, path, f"{name}/{path.parent.name}/{path.name}", files)
                    # The disk need not hold it twice.
                    path.unlink()
        content = tarball.describe(counts, files)
        tar.addfile(_info(tarball.NAME, len(content), time.time()), io.BytesIO(content))


def _add(tar: tarfile.TarFile, path: Path, member: str, files: dict[str, tarball.Facts]) -> None:
    stat = path.stat()
    with path.open("rb") as source:
        hashing = Hashing(source)
        tar.addfile(_info(member, stat.st_size, stat.st_mtime), hashing)
    files[member] = {"size": stat.st_size, "sha256": hashing.sha256.hexdigest()}


def _info(member: str, size: int, mtime: float) -> tarfile.TarInfo:
    info = tarfile.TarInfo(member)
    info.size, info.mtime, info.mode = size, mtime, 0o600
    return info


@contextmanager
def moment() -> Iterator[tuple[str, Path]]:
    """`(alias of the database connection to read rows from, folder with the files)`"""
    with staging() as folder:
        found = {folder / name: place for name, place in places().items()}
        for target, place in found.items():
            target.mkdir()
            place.fetch(target)
        with _reader():
            with _nobody_writes():
                # The first statement of a transaction chooses its moment.
                models()[0]._base_manager.using(READER).exists()
                for target, place in found.items():
                    place.hold(target)
            yield READER, folder


@contextmanager
def _reader() -> Iterator[None]:
    """A second connection in one long transaction that writes nothing and keeps nobody from writing."""
    reader = connections[READER] = connections["default"].copy(READER)
    if reader.vendor == "sqlite":
        reader.settings_dict["OPTIONS"] = {**reader.settings_dict["OPTIONS"], "transaction_mode": "DEFERRED"}
    try:
        with transaction.atomic(using=READER):
            if reader.vendor == "postgresql":
                with reader.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    finally:
        reader.close()
        del connections[READER]


@contextmanager
def _nobody_writes() -> Iterator[None]:
    """Hold all who write rows for a moment: SQLite has one writer, PostgreSQL locks the tables."""
    connection = connections["default"]
    with transaction.atomic():
        if connection.vendor == "postgresql":
            _lock_tables(connection)
        yield


def _lock_tables(connection: BaseDatabaseWrapper) -> None:
    """Lock all tables at once, while others go on in between tries; Refused if that never works."""
    for _ in range(LOCK_TRIES):
        try:
            with transaction.atomic():
                _try_to_lock_tables(connection)
            return
        except OperationalError as error:
            if error.__cause__.sqlstate not in TRY_AGAIN:
                raise
        time.sleep(LOCK_PAUSE)
    raise Refused(BUSY)


def _try_to_lock_tables(connection: BaseDatabaseWrapper) -> None:
    # Children before parents, as most who write both do: who waits here then keeps nobody from going on.
    tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in reversed(models()))
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{LOCK_WITHIN}'")
        cursor.execute(f"LOCK TABLE {tables} IN SHARE MODE")
        cursor.execute("SET LOCAL statement_timeout = DEFAULT")
