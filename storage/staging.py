"""Files on their way in, on the disk of STORAGE_PATH: the system's temporary folder may be small, or memory."""

import errno
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Container, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from .files import UNSUPPORTED, locked

ABANDONED_SECONDS = 24 * 3600
# Of each owner: as many open pages may wait for an answer.
MOST_SAVED_UPLOADS = 3
# Folders below STORAGE_PATH. Pending ones may have to outlive their process; their owner says which to spare.
PASSING, PENDING = "staging", "pending"
# The errors of a file system that does not delete open files.
STILL_OPEN = UNSUPPORTED | {errno.EBUSY, errno.ETXTBSY}


@contextmanager
def staging() -> Iterator[Path]:
    """The path of an empty staging folder, deleted at the end of the block."""
    with tempfile.TemporaryDirectory(dir=_swept(PASSING)) as folder, locked(folder):
        yield Path(folder)


def anonymous_file() -> IO[bytes]:
    """A file without a name, open for writing and reading; it is deleted when it is closed or its process ends.

    Where the file system can't unlink an open file, it has a name until it is closed or swept.
    """
    folder = _swept(PASSING)
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        if error.errno not in STILL_OPEN:
            raise
        return tempfile.NamedTemporaryFile(dir=folder)


# --- Uploads ---------------------------------------------------------------------------------------------------


class BoundedUpload(FileUploadHandler):
    """Keeps an upload in an anonymous file, up to the size that any upload may have.

    The rest is dropped, so that nobody fills the disk; the upload's size is that of all that came.
    """

    chunk_size = 1024 * 1024

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.file = anonymous_file()
        self.most = max(settings.UPLOAD_MAX_MB, settings.UPLOAD_CLIP_MAX_MB) * 2**20

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start < self.most:
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[bytes]":
        self.file.seek(0)
        return UploadedFile(
            self.file, self.file_name, self.content_type, file_size, self.charset, self.content_type_extra
        )

    def upload_interrupted(self) -> None:
        if self.file:
            self.file.close()


def save_upload(path: Path, owner: str) -> str:
    """Keep a staged file for a day, of each owner the last MOST_SAVED_UPLOADS; returns its name for `saved_upload`."""
    folder = _swept(PASSING) / f"kept-{owner}"
    folder.mkdir(mode=0o700, exist_ok=True)
    # 32 hex digits that nobody guesses, in the order of time.
    name = f"{time.time_ns():016x}{secrets.token_hex(8)}"
    path.rename(folder / name)
    for older in sorted(folder.iterdir())[:-MOST_SAVED_UPLOADS]:
        remove(older)
    return name


def saved_upload(owner: str, name: str) -> Path | None:
    """The path of a file of `save_upload`; None for one that is gone, and for any other text."""
    if not re.fullmatch(r"[0-9a-f]{32}", name):
        return None
    path = _root(PASSING) / f"kept-{owner}" / name
    return path if path.is_file() else None


# --- Folders that outlive their process ------------------------------------------------------------------------


def new_pending(spared: Container[str], name: str = "") -> Path:
    """The path of an empty folder that stays until `remove`; abandoned ones are deleted, except those in `spared`.

    With a `name`, the folder of that name with all that lies in it, if it is still there.
    """
    root = _swept(PENDING, spared)
    if not name:
        return Path(tempfile.mkdtemp(dir=root))
    (root / name).mkdir(mode=0o700, exist_ok=True)
    # A new entry makes the folder young on any file system.
    Path(tempfile.mkdtemp(dir=root / name)).rmdir()
    return root / name


def pending(name: str) -> Path:
    """The path of a folder of `new_pending`, which may be gone."""
    return _root(PENDING) / name


def remove(folder: Path) -> None:
    """Delete a folder, or a file; a missing one is fine."""
    with suppress(FileNotFoundError):
        if Path(folder).is_dir():
            shutil.rmtree(folder)
        else:
            Path(folder).unlink()


@contextmanager
def claim(folder: Path) -> Iterator[bool]:
    """Lock a folder for the block; yields whether it was free. A folder that is gone is free."""
    with ExitStack() as held:
        try:
            mine = held.enter_context(locked(folder))
        except FileNotFoundError:
            mine = True
        yield mine


# --- Sweeping --------------------------------------------------------------------------------------------------


def abandoned(spared: Container[str] = ()) -> list[Path]:
    """The paths of what killed processes left over a day ago; `spared`: names of pending folders to keep."""
    return [*_abandoned(PASSING), *_abandoned(PENDING, spared)]


def sweep(spared: Container[str] = ()) -> None:
    """Delete what is `abandoned`."""
    for path in abandoned(spared):
        remove(path)


def _abandoned(place: str, spared: Container[str] = ()) -> list[Path]:
    root = _root(place)
    found: list[Path] = []
    old = _now(root) - ABANDONED_SECONDS
    for path in root.iterdir() if root.is_dir() else ():
        # Another process may sweep at the same time.
        with suppress(FileNotFoundError):
            if path.name not in spared and path.stat().st_mtime < old:
                # Whatever the clock says, a locked folder is in use.
                with locked(path) as free:
                    found += [path] if free else []
    return found


def _now(root: Path) -> float:
    """The time by the clock that dates the files: ours may have been set meanwhile."""
    try:
        with tempfile.TemporaryDirectory(dir=root) as made:
            return Path(made).stat().st_mtime
    except OSError:
        # The disk is full, or the folder is missing.
        return time.time()


def _root(place: str) -> Path:
    return Path(settings.STORAGE_PATH) / place


def _swept(place: str, spared: Container[str] = ()) -> Path:
    """A folder below STORAGE_PATH, made if missing, without its abandoned entries."""
    root = _root(place)
    root.mkdir(parents=True, exist_ok=True)
    for folder in _abandoned(place, spared):
        remove(folder)
    return root
