"""One moment of rows and files together, held while both are read and everybody goes on working.

Nobody writes rows while the files are linked: a link is a second name for the same bytes, and no file is ever
written in place, so that what is linked stays as it is. The rows are read later, from the state of that moment:
https://www.sqlite.org/isolation.html, https://www.postgresql.org/docs/current/transaction-iso.html
"""

import errno
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connections, transaction

from storage.archive import archive
from storage.backends import FolderStorage, plain_files
from storage.bucket import bucket
from storage.names import ASIDE, FILLING
from storage.staging import PENDING, staging

from .errors import Refused
from .rows import models

READER = "backup"
# What a folder of the archive file is called, and where its files lie.
FOLDERS = {
    "bucket": lambda: Path(bucket().location),
    "archive": lambda: Path(archive().location),
    "pending": lambda: Path(settings.STORAGE_PATH) / PENDING,
}


@contextmanager
def moment():
    """`(alias of the database connection to read rows from, folder with the files)`"""
    check_folders()
    with staging() as folder, _reader():
        with _nobody_writes():
            # The first statement of a transaction chooses its moment.
            models()[0]._base_manager.using(READER).exists()
            link_all(folder)
        yield READER, folder


def check_folders():
    """Refused where the files do not lie in folders of this machine."""
    if not all(isinstance(store, FolderStorage) for store in (bucket(), archive())):
        raise Refused(
            "The files lie in an S3 bucket, which no backup of this kind has; let its own versions keep them, and "
            "the database's own tools its rows."
        )


@contextmanager
def _reader():
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
def _nobody_writes():
    """Hold all who write rows for a moment: SQLite has one writer, PostgreSQL locks the tables."""
    connection = connections["default"]
    with transaction.atomic():
        if connection.vendor == "postgresql":
            tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in models())
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {tables} IN SHARE MODE")
        yield


def link_all(target):
    for name, source in FOLDERS.items():
        (target / name).mkdir()
        for folder in _folders(source()):
            for file, path in plain_files(folder).items():
                (target / name / folder.name).mkdir(exist_ok=True)
                _link(path, target / name / folder.name / file)


def _folders(root):
    """Those with files, what lies set aside on its way to the archive among them."""
    found = root.iterdir() if root.is_dir() else ()
    return [p for p in found if p.is_dir() and not p.is_symlink() and _is_kept(p.name)]


def _is_kept(name):
    return not name.startswith(".") or name.startswith((ASIDE, FILLING))


def _link(path, target):
    try:
        os.link(path, target)
    except FileNotFoundError:
        # It was deleted since it was listed, by somebody who changes no rows.
        return
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
            raise
        shutil.copy2(path, target)
