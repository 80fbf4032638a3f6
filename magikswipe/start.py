"""What manage.py, wsgi.py, gunicorn.conf.py and workers share: a start that explains itself."""

import sys
import time
from contextlib import contextmanager

CANNOT_START = 3
# How often it is looked whether an old database has been adopted.
ADOPTION_SECONDS = 2


@contextmanager
def explain_bad_settings():
    """Turn a missing or senseless setting into one sentence on stderr and exit code 3, without a traceback."""
    from django.core.exceptions import ImproperlyConfigured

    try:
        yield
    except ImproperlyConfigured as error:
        print(f"MagikSwipe cannot start: {error}", file=sys.stderr)
        sys.exit(CANNOT_START)


@contextmanager
def explain_failures():
    """Turn a full disk, and a database or files that can't be used, into one sentence on stderr and exit code 1.

    `--traceback` shows where it was, as it does of a CommandError.
    """
    from django.db import Error

    try:
        yield
    except (Error, OSError) as error:
        from api import failures

        failure = failures.find(error)
        if not failure or "--traceback" in sys.argv:
            raise
        print(failure.sentence, file=sys.stderr)
        sys.exit(1)


def check_settings():
    """Load the settings and run the system checks before any process serves; returns the settings.

    Each error is a sentence on stderr and ends with exit code 3, as do a bucket that can't be written and a restore
    whose files are missing; warnings are told, and it goes on.
    """
    import django
    from django.conf import settings
    from django.core.checks import ERROR, run_checks

    with explain_bad_settings():
        django.setup()
        look_at_database()
    found = [message for message in run_checks() if not message.is_silenced()]
    for message in found:
        print(f"{message.msg} {message.hint or ''}".strip(), file=sys.stderr)
    if any(message.level >= ERROR for message in found):
        sys.exit(CANNOT_START)
    refuse_unwritable_bucket()
    refuse_unfinished_restore()
    return settings


def look_at_database(adopts: bool = False, waits: bool = False) -> None:
    """Look whose database there is before Django opens it; recognition.Refused for one that is not ours.

    `adopts`: an old backend's is fine. `waits`: it is waited for until `migrate` has adopted it.
    """
    from magikswipe.adoption import recognition

    if adopts:
        recognition.old_database()
        return
    if waits and recognition.is_old():
        print("Waiting for manage.py migrate, which adopts the old backend's database.", file=sys.stderr)
        while recognition.is_old():
            time.sleep(ADOPTION_SECONDS)
    recognition.refuse_until_adopted()


def refuse_unwritable_bucket():
    """End what could keep nothing that it makes: a sentence on stderr, exit code 3."""
    from storage import bucket
    from storage.errors import NotWritable

    try:
        bucket.check_writable()
    except NotWritable as error:
        print(f"MagikSwipe cannot start: {error}", file=sys.stderr)
        sys.exit(CANNOT_START)


def refuse_unfinished_restore():
    """End what would work on the rows of a restored backup with the files from before it; exit code 3.

    Without its database it goes on: `/ready` tells of that.
    """
    from django.db import DatabaseError, connection

    from magikswipe.backups import restoring

    try:
        unfinished = restoring.unfinished()
    except DatabaseError:
        return
    finally:
        # Processes that are forked later must not share it.
        connection.close()
    if unfinished:
        print(f"MagikSwipe cannot start: {restoring.UNFINISHED}", file=sys.stderr)
        sys.exit(CANNOT_START)
