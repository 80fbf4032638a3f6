"""Django's `migrate`, one at a time: of several hosts that start together, one migrates and the others find it done.

An old backend's database is adopted first.
"""

from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connections

from magikswipe.adoption import adopting, recognition
from storage.files import locked

# Any number, as long as it is always the same: https://www.postgresql.org/docs/current/explicit-locking.html
ADVISORY_KEY = 7_261_839_401


class Command(MigrateCommand):
    def execute(self, *args, **options):
        # Before Django's checks, which open the database and change it by that.
        if any(options.get(name) for name in ("app_label", "plan", "check_unapplied")):
            recognition.refuse_until_adopted()
        else:
            with _in_folder():
                report = adopting.adopt_old_database()
            if report:
                print(report.shown())
        return super().execute(*args, **options)

    def handle(self, *args, **options):
        connection = connections[options["database"]]
        with _in_database(connection) if connection.vendor == "postgresql" else _in_folder():
            super().handle(*args, **options)


@contextmanager
def _in_database(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_KEY])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_KEY])


@contextmanager
def _in_folder():
    """All hosts that reach a database in a file share its disk."""
    path = Path(settings.STORAGE_PATH) / "migrate.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with locked(path, wait=True):
        yield
