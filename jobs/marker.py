"""A file by which a machine knows that its worker goes round, whether or not the database answers.

It needs no Django, so that a container can be asked often.
"""

import os
import tempfile
import time
from pathlib import Path

# A worker marks every few seconds.
OLD_SECONDS = 30


def path():
    """Of this user alone."""
    return Path(tempfile.gettempdir()) / f"magikswipe-worker-{os.getuid()}"


def mark():
    path().touch()


def is_marked():
    """Whether a worker of this machine and user went round lately."""
    try:
        # One of a time to come was marked by a clock that was set back since.
        return abs(time.time() - path().stat().st_mtime) < OLD_SECONDS
    except FileNotFoundError:
        return False
