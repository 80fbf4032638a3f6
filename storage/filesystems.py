"""Calls that not every file system knows: network shares, FUSE, folders that a virtual machine shares with its host."""

import errno
import fcntl
import hashlib
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

# How a file system says that it does not know a call at all, or not for folders. EBADF: flock on NFS, which locks
# only what is open for writing (flock(2)); EINVAL: fsync of a folder on SMB; EISDIR: FUSE that opens no folder.
UNSUPPORTED = frozenset(
    {
        errno.EACCES,
        errno.EBADF,
        errno.EINVAL,
        errno.EISDIR,
        errno.ENOLCK,
        errno.ENOSYS,
        errno.ENOTSUP,
        errno.ENOTTY,
        errno.EOPNOTSUPP,
        errno.EPERM,
    }
)
# link() besides: another file system, too many links.
NO_LINK = UNSUPPORTED | {errno.EXDEV, errno.EMLINK}
# How often it is looked whether a lock that can't be waited for is free.
LOOK_SECONDS = 0.1


@contextmanager
def optional() -> Iterator[None]:
    """A block of calls that are left out where the file system does not know them; other errors are raised."""
    try:
        yield
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def flush(path: str | Path) -> None:
    """Wait until a file or folder is on disk, where its file system can be asked to; FileNotFoundError without it."""
    with optional():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def link(path: str | Path, target: str | Path) -> None:
    """Give a file a second name, or copy it, with its time, where there are no hard links."""
    try:
        os.link(path, target)
    except OSError as error:
        if error.errno not in NO_LINK:
            raise
        shutil.copyfile(path, target)
        set_time(target, Path(path).stat().st_mtime)


def set_time(path: str | Path, mtime: float) -> None:
    """Date a file (epoch seconds), where its file system lets us."""
    with optional():
        os.utime(path, (mtime, mtime))


def free_bytes(path: str | Path) -> int | None:
    """The free bytes where a folder lies; None where the file system does not tell."""
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


@contextmanager
def locked(path: str | Path, wait: bool = False) -> Iterator[bool]:
    """Whether nobody else, in this process or another, is in a block with this file or folder; a kill ends a block.

    `wait`: until that is so. Where the file system has no locks, others on this machine alone are seen.
    FileNotFoundError where there is nothing at the path.
    """
    descriptor = os.open(path, os.O_RDONLY)
    with ExitStack() as held:
        held.callback(os.close, descriptor)
        try:
            got = _lock(descriptor, wait)
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                raise
            got = _lock_name(held.enter_context(socket.socket(socket.AF_UNIX)), path, wait)
        yield got


def _lock(descriptor: int, wait: bool) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _lock_name(held: socket.socket, path: str | Path, wait: bool) -> bool:
    """The same by an address that one socket of a machine can have: https://man7.org/linux/man-pages/man7/unix.7.html"""
    name = hashlib.sha256(os.fsencode(Path(path).resolve())).hexdigest()
    while True:
        try:
            held.bind(f"\0magikswipe-{name}")
            return True
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            if not wait:
                return False
        time.sleep(LOOK_SECONDS)
