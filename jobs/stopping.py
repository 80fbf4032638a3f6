"""Whether this process is to end: told by a pipe whose other end its supervisor holds.

The pipe also tells when the supervisor died without a word: then its end is closed too.
"""

import os
import select

VARIABLE = "MAGIKSWIPE_STOP_FD"
SUPERVISOR = "MAGIKSWIPE_SUPERVISOR"


def requested():
    """True once the supervisor closed its end; False where no supervisor is."""
    descriptor = os.environ.get(VARIABLE)
    if not descriptor:
        return False
    return bool(select.select([int(descriptor)], [], [], 0)[0])


def wait():
    """Block until the supervisor closed its end."""
    select.select([int(os.environ[VARIABLE])], [], [])
