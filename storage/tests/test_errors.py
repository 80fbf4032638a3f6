"""Whether an exception says that a disk is full."""

import errno

import pytest
from django.db import OperationalError, connection

from storage.errors import DiskFull, is_disk_full


def led_to(cause, error, hidden=False):
    try:
        try:
            raise cause
        except type(cause):
            raise error from (None if hidden else cause)
    except type(error) as caught:
        return caught


NO_ROOM = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (NO_ROOM, True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError(errno.EFBIG, "File too large"), True),
        (DiskFull(), True),
        (led_to(NO_ROOM, ValueError("half a picture")), True),
        (led_to(NO_ROOM, ValueError("no picture"), hidden=True), False),
        (OSError(errno.EACCES, "Permission denied"), False),
        (OperationalError("database is locked"), False),
        (ValueError("No space left on device"), False),
    ],
)
def test_errors_without_room_are_told_from_others(error, full):
    assert is_disk_full(error) is full


def fill_sqlite(cursor):
    pages = cursor.execute("PRAGMA page_count").fetchone()[0]
    most = cursor.execute("PRAGMA max_page_count").fetchone()[0]
    cursor.execute(f"PRAGMA max_page_count={pages}")
    try:
        cursor.execute("CREATE TABLE filler AS SELECT zeroblob(10000000)")
    finally:
        cursor.execute(f"PRAGMA max_page_count={most}")


def fill_postgresql(cursor):
    # The server's error when it can't extend a file.
    cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$")


def test_a_database_that_can_not_grow_counts_as_a_full_disk(transactional_db):
    fill = {"sqlite": fill_sqlite, "postgresql": fill_postgresql}[connection.vendor]
    with connection.cursor() as cursor, pytest.raises(OperationalError) as caught:
        fill(cursor)
    assert is_disk_full(caught.value)


def test_the_error_of_our_own_is_a_sentence():
    assert str(DiskFull()) == "The disk is full; make room, then try again."
    assert DiskFull().errno == errno.ENOSPC
