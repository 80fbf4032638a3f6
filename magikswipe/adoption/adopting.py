"""The adoption itself: a new database is built beside the old one, and takes its place when it is whole."""

import sqlite3
from pathlib import Path

from django.core.management import call_command
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import DatabaseError, connection, transaction

from storage.errors import is_disk_full
from universes.rows import TABLES

from . import media, recognition, source
from .carrying import Carrier, Past
from .recognition import JOBS, Refused
from .source import Report

FAILED = "{path} could not be adopted, and is as it was ({reason})."
FULL = "{path} could not be adopted, and is as it was: the disk is full; make room and start again."


def adopt_old_database() -> Report | None:
    """Take an old database over, if there is one where ours is to be; what came of it, None where there is none.

    A kill at any moment leaves the old database in its place, or the new one; then, or after an error, the next
    start begins anew. Refused for what can't be adopted.
    """
    path = recognition.old_database()
    if not path:
        return None
    try:
        return _adopt(path)
    except (sqlite3.Error, DatabaseError, OSError) as error:
        sentence = FULL if is_disk_full(error) else FAILED
        raise Refused(sentence.format(path=path, reason=error)) from error


def _adopt(path: Path) -> Report:
    with source.held(path) as old:
        report = Report(path, source.keep_copy(path))
        with source.new_database(path) as new:
            call_command(MigrateCommand(), interactive=False, verbosity=0)
            with transaction.atomic():
                carried = _carry(old, report)
            # Files come before the rows that show them.
            for folder in carried:
                folder.copy(report)
            media.tell_strangers(carried, report)
            report.save()
            # The content of SQLite's log beside it becomes part of the file.
            connection.close()
            source.put_in_place(new, path)
    return report


def _carry(old: sqlite3.Connection, report: Report) -> list[media.Folder]:
    carrier = Carrier(old, report)
    carrier.carry()
    found = list(carrier.folders.values())
    there = {name for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if JOBS in there:
        Past(old, {folder.old_slug: folder.slug for folder in found}, report).carry()
    _tell_other_tables(old, there, report)
    return found


def _tell_other_tables(old: sqlite3.Connection, there: set[str], report: Report) -> None:
    ours = {*connection.introspection.table_names(), *(table.name for table in TABLES), JOBS}
    for name in sorted(there - ours):
        if not name.startswith("sqlite_"):
            report.note(f"Table {name} is not one of ours; it is in {report.copy.name} alone.")
