"""Copying, hashing, moving and locking on disk; also on network shares, FUSE and overlays that lack some calls."""

import errno
import fcntl
import hashlib
import os
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol, TypedDict, TypeVar

from .names import is_safe_segment

Result = TypeVar("Result")

# The errors of a file system that does not know a call at all, or not for folders. EBADF: flock on NFS, which locks
# only files that are open for writing (flock(2)); EINVAL: fsync of a folder on SMB; EISDIR: FUSE that opens no folder.
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
# Between two attempts to get a lock that the system can't wait for.
LOCK_POLL_SECONDS = 0.1
# Bytes read at a time, and calls that run at once.
CHUNK, AT_ONCE = 1024 * 1024, 16


class Readable(Protocol):
    """A file object, or a request's body."""

    def read(self, size: int, /) -> bytes: ...


class Digests(TypedDict):
    """In hex."""

    sha256: str
    md5: str


# --- Copies ----------------------------------------------------------------------------------------------------


def copy_file(path: str | Path, target: str | Path) -> str:
    """Copy a file, flushed to disk; returns the SHA-256 of the copied bytes."""
    with Path(path).open("rb") as source, Path(target).open("wb") as copy:
        return copy_stream(source, copy)[1]


def copy_stream(source: Readable, target: IO[bytes]) -> tuple[int, str]:
    """Copy between binary file objects, flushed to disk; returns `(size in bytes, SHA-256 in hex)`."""
    sha256, size = hashlib.sha256(), 0
    while piece := source.read(CHUNK):
        size += target.write(piece)
        sha256.update(piece)
    target.flush()
    with optional():
        os.fsync(target.fileno())
    return size, sha256.hexdigest()


def digests(path: str | Path) -> Digests:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with Path(path).open("rb") as source:
        while piece := source.read(CHUNK):
            sha256.update(piece)
            md5.update(piece)
    return {"sha256": sha256.hexdigest(), "md5": md5.hexdigest()}


def together(function: Callable[..., Result], items: Iterable[tuple[Any, ...]]) -> list[Result]:
    """The results of a function for each tuple of arguments, in their order; AT_ONCE run at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda item: function(*item), items))


# --- Calls that not every file system knows --------------------------------------------------------------------


@contextmanager
def optional() -> Iterator[None]:
    """A block whose calls are left out where the file system does not know them; other errors are raised."""
    try:
        yield
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def flush(path: str | Path) -> None:
    """Wait until a file or folder is on disk, where the file system can tell; FileNotFoundError when it is missing."""
    with optional():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def link(path: str | os.PathLike[str], target: str | Path) -> None:
    """Hard-link a file, or copy it with its time where there are no hard links."""
    try:
        os.link(path, target)
    except OSError as error:
        if error.errno not in NO_LINK:
            raise
        shutil.copyfile(path, target)
        set_time(target, Path(path).stat().st_mtime)


def set_time(path: str | Path, mtime: float) -> None:
    """Date a file (epoch seconds), where the file system allows it."""
    with optional():
        os.utime(path, (mtime, mtime))


def free_bytes(path: str | Path) -> int | None:
    """The free bytes of the disk that holds a folder; None where the file system does not tell."""
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


# --- Locks -----------------------------------------------------------------------------------------------------


@contextmanager
def locked(path: str | Path, wait: bool = False) -> Iterator[bool]:
    """Lock a file or folder for the block, against threads and processes; yields whether the lock was free.

    `wait`: until it is. A killed process loses its lock. Where the file system has no locks, only processes on this
    machine are seen. FileNotFoundError where there is nothing at the path.
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
    """Lock by an abstract socket name, which one process can bind: https://man7.org/linux/man-pages/man7/unix.7.html"""
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
        time.sleep(LOCK_POLL_SECONDS)


# --- Folders that others change meanwhile ----------------------------------------------------------------------


def entries(path: str | os.PathLike[str]) -> list[os.DirEntry[str]]:
    """The entries of a folder; a missing one has none."""
    try:
        with os.scandir(path) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []


def plain_files(path: str | Path) -> dict[str, os.DirEntry[str]]:
    """The files right in a folder, by name; links, and names that can't be a key, are left out."""
    return {e.name: e for e in entries(path) if e.is_file(follow_symlinks=False) and is_safe_segment(e.name)}


def stats(path: str | Path) -> dict[str, os.stat_result]:
    """The stat of each of `plain_files`."""
    found = {}
    for name, entry in plain_files(path).items():
        with suppress(FileNotFoundError):
            found[name] = entry.stat(follow_symlinks=False)
    return found


def times(path: str | os.PathLike[str]) -> tuple[int, int]:
    """mtime and ctime in ns; zeros for a missing folder."""
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return 0, 0
    return info.st_mtime_ns, info.st_ctime_ns


def move(source: Path, target: Path) -> None:
    """Rename; a folder that is deleted between making and moving is made again."""
    while True:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
            return
        except (FileNotFoundError, FileExistsError):
            # mkdir raises FileExistsError, too, when the folder existed and was deleted before mkdir looked again.
            if not source.exists() or _is_no_folder(target.parent):
                raise


def rename(path: Path, target: Path) -> bool:
    """Whether it worked: overlayfs can't rename a folder of a lower layer.

    https://docs.kernel.org/filesystems/overlayfs.html#renaming-directories
    """
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def remove_tree(path: Path) -> None:
    """Delete a folder into which a writer may still put a file."""
    while True:
        try:
            shutil.rmtree(path)
            return
        except FileNotFoundError:
            # Another process deletes it at the same time.
            return
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise


def _is_no_folder(path: Path) -> bool:
    try:
        return not stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False
