"""Files on their way into the bucket, on its disk: the system's temporary folder may be small, or memory."""

import errno
import re
import secrets
import shutil
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from django.conf import settings

from .filesystems import UNSUPPORTED, locked

ABANDONED_SECONDS = 24 * 3600
# Somebody may have as many pages open that each wait for an answer.
MOST_KEPT = 3
# Folders that may have to outlive their process lie apart, where only who knows which those are sweeps.
PASSING, PENDING = "staging", "pending"
# How a file system says that it does not delete what is open.
STILL_OPEN = UNSUPPORTED | {errno.EBUSY, errno.ETXTBSY}


@contextmanager
def staging():
    """The path of an empty folder that goes with the block."""
    with tempfile.TemporaryDirectory(dir=_swept(PASSING)) as folder, locked(folder):
        yield Path(folder)


def keep(path: Path, owner: str) -> str:
    """Let a staged file stay for a day, of each owner the last MOST_KEPT; returns the name that `kept` takes."""
    folder = _swept(PASSING) / f"kept-{owner}"
    folder.mkdir(mode=0o700, exist_ok=True)
    # 32 hex digits that nobody guesses, in the order of time.
    name = f"{time.time_ns():016x}{secrets.token_hex(8)}"
    path.rename(folder / name)
    for older in sorted(folder.iterdir())[:-MOST_KEPT]:
        remove(older)
    return name


def kept(owner: str, name: str) -> Path | None:
    """The path of a file that `keep` keeps for this owner; None for one that is gone, and for any other text."""
    if not re.fullmatch(r"[0-9a-f]{32}", name):
        return None
    path = _root(PASSING) / f"kept-{owner}" / name
    return path if path.is_file() else None


def unnamed():
    """A file without a name, open for writing and reading; it goes when it is closed or its process ends.

    Where the file system takes no name from an open file, it keeps one until then, or until it is swept.
    """
    folder = _swept(PASSING)
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        if error.errno not in STILL_OPEN:
            raise
        return tempfile.NamedTemporaryFile(dir=folder)


def new_pending(spared, name=""):
    """The path of an empty folder that stays until `remove`; abandoned ones go, but for those named in `spared`.

    With a `name`, the one that was left under it is gone on with, and all that lies in it.
    """
    root = _swept(PENDING, spared)
    if not name:
        return Path(tempfile.mkdtemp(dir=root))
    (root / name).mkdir(mode=0o700, exist_ok=True)
    # Something that comes and goes in it makes it young on any file system.
    Path(tempfile.mkdtemp(dir=root / name)).rmdir()
    return root / name


def pending(name):
    """Where a folder of `new_pending` lies; it may be gone."""
    return _root(PENDING) / name


def remove(folder):
    """Delete a folder, or a file; one that is gone is fine."""
    with suppress(FileNotFoundError):
        if Path(folder).is_dir():
            shutil.rmtree(folder)
        else:
            Path(folder).unlink()


@contextmanager
def claim(folder):
    """Whether nobody else, in this process or another, is in a block with this folder; a kill ends a block too."""
    with ExitStack() as held:
        try:
            mine = held.enter_context(locked(folder))
        except FileNotFoundError:
            mine = True
        yield mine


def abandoned(spared=()):
    """The paths of what processes that were killed left long ago; `spared`: names of pending folders to keep."""
    return [*_abandoned(PASSING), *_abandoned(PENDING, spared)]


def sweep(spared=()):
    """Delete it."""
    for path in abandoned(spared):
        remove(path)


def _abandoned(place, spared=()):
    found, old = [], _now(_root(place)) - ABANDONED_SECONDS
    for path in _root(place).iterdir() if _root(place).is_dir() else ():
        # Others end, and sweep, at the same time.
        with suppress(FileNotFoundError):
            if path.name not in spared and path.stat().st_mtime < old:
                # Whatever the clock says, one that somebody is at is not abandoned.
                with locked(path) as free:
                    found += [path] if free else []
    return found


def _now(root: Path) -> float:
    """The time by the clock of the file system, as its files have it: ours may have been set meanwhile."""
    try:
        with tempfile.TemporaryDirectory(dir=root) as made:
            return Path(made).stat().st_mtime
    except OSError:
        # It is full, or not there: nothing is made, and nothing need be told from what is being made.
        return time.time()


def _root(place):
    return Path(settings.STORAGE_PATH) / place


def _swept(place, spared=()):
    """The folder of a place, without what a process that was killed left there long ago."""
    root = _root(place)
    root.mkdir(parents=True, exist_ok=True)
    for folder in _abandoned(place, spared):
        remove(folder)
    return root
