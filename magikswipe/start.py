"""A start that explains itself, for manage.py, wsgi.py, gunicorn.conf.py and workers."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from django.conf import LazySettings

CANNOT_START = 3
# How often it is looked whether an old database has been adopted.
ADOPTION_SECONDS = 2


def refuse(reason: object) -> NoReturn:
    print(f"MagikSwipe cannot start: {reason}", file=sys.stderr)
    sys.exit(CANNOT_START)


@contextmanager
def explain_bad_settings() -> Iterator[None]:
    """Turn a missing or senseless setting into one sentence on stderr and exit code 3, without a traceback."""
    from django.core.exceptions import ImproperlyConfigured

    try:
        yield
    except ImproperlyConfigured as error:
        refuse(error)


@contextmanager
def explain_failures() -> Iterator[None]:
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


def load_settings() -> "LazySettings":
    """Load the settings and check them by themselves; the first error is a sentence and ends with exit code 3."""
    with explain_bad_settings():
        from django.conf import settings

        settings.INSTALLED_APPS  # noqa: B018 - loads them
    from . import checks

    if found := checks.errors():
        refuse(checks.sentence(found[0]))
    return settings


def check_settings() -> "LazySettings":
    """Load the settings and run all system checks before any process serves; returns the settings.

    Each error is a sentence on stderr and ends with exit code 3, as do a bucket that can't be written and a restore
    whose files are missing; warnings are told, and it goes on.
    """
    settings = load_settings()
    import django
    from django.core.checks import ERROR, run_checks

    from .checks import sentence

    with explain_bad_settings():
        django.setup()
        look_at_database()
    found = [message for message in run_checks() if not message.is_silenced()]
    for message in found:
        print(sentence(message), file=sys.stderr)
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


def refuse_unwritable_bucket() -> None:
    """End a start that could keep nothing that it makes."""
    from storage import bucket
    from storage.errors import NotWritable

    try:
        bucket.check_writable()
    except NotWritable as error:
        refuse(error)


def refuse_unfinished_restore() -> None:
    """End a start that would combine the rows of a restored backup with the files from before it.

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
        refuse(restoring.UNFINISHED)
