"""A store in a folder of this machine: atomic writes, and no link followed out of it."""

import errno
import os
import shutil
import stat
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.core.files import File
from django.core.files.storage import FileSystemStorage

from . import files as disk
from .errors import NotWritable
from .names import GONE, TEMPORARY, TRASH, TRASH_FILLING, is_safe_segment, safe_key
from .protocol import Stamp

# In nanoseconds: two changes of a folder within a tick may leave the same times.
TICK = 1_000_000_000
MOST_CACHED_LISTINGS = 2000
# Inode, mtime and ctime in ns.
Times = tuple[int, int, int]


class FolderStorage(FileSystemStorage):
    """A `protocol.Store`, as a storage of Django."""

    def __init__(self, location: str | Path | None = None, base_url: str | None = None) -> None:
        super().__init__(location, base_url)
        self._listings: dict[str, tuple[Times, frozenset[str]]] = {}

    def path(self, name: str) -> str:
        return str(Path(self.location) / safe_key(*str(name).split("/")))

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    # --- One file ------------------------------------------------------------------------------------------

    def exists(self, name: str) -> bool:
        where, mode = str(self.location), 0
        for segment in safe_key(*str(name).split("/")).split("/"):
            where = f"{where}/{segment}"
            try:
                mode = os.lstat(where).st_mode
            except (FileNotFoundError, NotADirectoryError):
                return False
            if stat.S_ISLNK(mode):
                return False
        return stat.S_ISREG(mode)

    def stat(self, name: str) -> os.stat_result:
        return Path(self._existing(name)).stat()

    def _existing(self, name: str) -> str:
        if not self.exists(name):
            raise FileNotFoundError(name)
        return f"{self.location}/{name}"

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        return File(Path(self._existing(name)).open(mode))

    def _save(self, name: str, content: "File[Any]") -> str:
        with self.temporary() as temporary:
            with Path(temporary).open("wb") as target:
                for chunk in content.chunks():
                    target.write(chunk)
            self.commit(temporary, name)
        return name

    def opened(self, name: str) -> tuple[BinaryIO, os.stat_result]:
        source = open(self._existing(name), "rb")  # noqa: PTH123, SIM115 - Path takes longer; the caller closes it
        return source, os.fstat(source.fileno())

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        yield Path(self._existing(name))

    def signed_url(self, name: str, content_type: str, caching: str) -> None:
        """Folders have no server of their own."""

    @contextmanager
    def temporary(self) -> Iterator[str]:
        """A path to write to, outside all folders that others may delete; a file left there at the end goes."""
        path = self._unique(TEMPORARY)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield str(path)
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def staged(self, path: str | Path) -> Iterator[tuple[str, str]]:
        with self.temporary() as temporary:
            yield temporary, disk.copy_file(path, temporary)

    def commit(self, place: str, name: str) -> None:
        target = Path(self.path(name))
        disk.flush(place)
        disk.move(Path(place), target)
        with suppress(FileNotFoundError):
            disk.flush(target.parent)

    def put(self, path: str | Path, name: str) -> None:
        self.path(name)
        with self.temporary() as temporary:
            shutil.copyfile(path, temporary)
            self.commit(temporary, name)

    def touch(self, name: str) -> None:
        try:
            os.utime(self.path(name))
        except OSError as error:
            if error.errno not in disk.UNSUPPORTED:
                raise
            self.put(self.path(name), name)

    def remove_older(self, name: str, older_than: float) -> bool:
        try:
            if self.stat(name).st_mtime >= older_than:
                return False
            Path(self.path(name)).unlink()
        except FileNotFoundError:
            return False
        return True

    # --- Folders -------------------------------------------------------------------------------------------

    def folders(self) -> list[str]:
        found = (entry for entry in disk.entries(self.location) if entry.is_dir(follow_symlinks=False))
        return sorted(entry.name for entry in found if is_safe_segment(entry.name))

    def names(self, folder: str) -> frozenset[str]:
        began, cached = time.time_ns(), self._listings.get(folder)
        stamp = self._stamping()(folder if cached else safe_key(folder))
        if cached and cached[0] == stamp:
            return cached[1]
        path = Path(self.path(folder))
        found = frozenset() if self._passes_a_link(path) else frozenset(disk.plain_files(path))
        if began - stamp[1] > TICK:
            if len(self._listings) >= MOST_CACHED_LISTINGS:
                self._listings.clear()
            self._listings[folder] = stamp, found
        return found

    def files(self, folder: str) -> dict[str, os.stat_result]:
        path = Path(self.path(folder))
        return {} if self._passes_a_link(path) else disk.stats(path)

    def _passes_a_link(self, path: Path) -> bool:
        below = path.relative_to(self.location).parts
        return any(Path(self.location, *below[: n + 1]).is_symlink() for n in range(len(below)))

    def stamps(self, folders: Iterable[str]) -> dict[str, Stamp]:
        """The Times of each folder: they change when a file is added, deleted or replaced.

        Tools that copy folders set the mtime back, but nobody the ctime. A missing folder has the times of the folder
        above. A second change within a TICK can't be told.
        """
        look = self._stamping()
        return {folder: look(safe_key(folder)) for folder in folders}

    def unchanged(self, stamps: Mapping[str, Stamp]) -> bool:
        look = self._stamping()
        return all(look(folder) == stamp for folder, stamp in stamps.items())

    def _stamping(self) -> Callable[[str], Times]:
        """A function that returns a folder's Times; the folder above is looked at once for all that are missing."""
        root = self.location
        missing: Times | None = None

        def look(folder: str) -> Times:
            nonlocal missing
            try:
                info = os.lstat(f"{root}/{folder}")
            except FileNotFoundError:
                missing = missing or (0, *disk.times(root))
                return missing
            return info.st_ino, info.st_mtime_ns, info.st_ctime_ns

        return look

    def delete_folder(self, folder: str) -> None:
        """In one rename, whatever lies in it: writers make a new one. Of a link, the link is deleted."""
        self.discard(Path(self.path(folder)))

    def remove_empty(self, folder: str) -> None:
        with suppress(OSError):
            Path(self.path(folder)).rmdir()

    @contextmanager
    def staged_folder(self) -> "Iterator[StagedFolder]":
        path = self._unique(TEMPORARY)
        path.mkdir(parents=True)
        try:
            yield StagedFolder(path, self)
        finally:
            if path.exists():
                shutil.rmtree(path)

    # --- Trash ---------------------------------------------------------------------------------------------

    def trash_folder(self, folder: str, label: str) -> None:
        """In one rename, where the file system can; files that come later are not part of it."""
        path = Path(self.path(folder))
        if path.is_symlink():
            self.discard(path)
        elif path.is_dir():
            with suppress(FileNotFoundError):
                if not disk.rename(path, self._trash_path(label)):
                    self.trash_files(folder, list(disk.stats(path)), label)
                    self.discard(path)

    def trash_files(self, folder: str, names: Collection[str], label: str) -> None:
        filling = Path(self.location) / f"{TRASH_FILLING}{label}"
        for name in names:
            if self.exists(key := safe_key(folder, name)):
                with suppress(FileNotFoundError):
                    disk.move(Path(self.path(key)), filling / name)
        if filling.is_dir():
            filling.rename(self._trash_path(label))

    def _trash_path(self, label: str) -> Path:
        return self._unique(f"{TRASH}{label}-")

    def trash(self) -> "list[FolderTrash]":
        found = [entry for entry in disk.entries(self.location) if entry.name.startswith(TRASH)]
        labels = (entry.name.removeprefix(TRASH).rpartition("-")[0] for entry in found)
        return [FolderTrash(self, label, Path(e.path)) for label, e in zip(labels, found, strict=True)]

    def clock(self, moment: float) -> float:
        return moment

    # --- Upkeep --------------------------------------------------------------------------------------------

    def check_writable(self) -> None:
        try:
            with self.temporary() as temporary:
                Path(temporary).write_bytes(b"written")
                disk.flush(temporary)
        except OSError as error:
            raise NotWritable(
                f"The bucket in STORAGE_PATH can't be written ({error.strerror}); look at its rights and its disk."
            ) from None

    def sweep(self, older_than: float) -> None:
        for path in self.leftovers(older_than):
            self.discard(path)

    def leftovers(self, older_than: float) -> list[Path]:
        found = []
        for entry in disk.entries(self.location):
            if entry.name.startswith((TEMPORARY, GONE)):
                with suppress(FileNotFoundError):
                    if entry.stat(follow_symlinks=False).st_mtime < older_than:
                        found.append(Path(entry.path))
        return found

    def discard(self, path: Path) -> None:
        """Delete a file, link or folder; it is renamed first, so that it disappears in one go."""
        gone = self._unique(GONE)
        try:
            if not disk.rename(path, gone):
                gone = path
        except FileNotFoundError:
            return
        if gone.is_dir() and not gone.is_symlink():
            disk.remove_tree(gone)
        else:
            gone.unlink()

    def _unique(self, start: str) -> Path:
        return Path(self.location) / f"{start}{uuid.uuid4().hex}"


@dataclass(frozen=True)
class StagedFolder:
    """A hidden folder beside those of the bucket, and one rename to make it one of them."""

    path: Path
    storage: FolderStorage

    def add(self, name: str, source: disk.Readable) -> tuple[int, str]:
        with (self.path / safe_key(name)).open("xb") as target:
            return disk.copy_stream(source, target)

    def commit(self, folder: str) -> None:
        """Nothing is copied or flushed, so that it fits at the end of a transaction."""
        try:
            # An empty folder gives way (https://pubs.opengroup.org/onlinepubs/9799919799/functions/rename.html).
            self.path.rename(self.storage.path(folder))
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            raise FileExistsError(f"The folder '{folder}' holds files already.") from None

    def roll_back(self, folder: str) -> None:
        Path(self.storage.path(folder)).rename(self.path)


@dataclass(frozen=True)
class FolderTrash:
    """A hidden folder with files that wait to be archived."""

    storage: FolderStorage
    label: str
    path: Path

    def names(self) -> list[str]:
        return list(disk.stats(self.path))

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        yield self.path / name

    def discard(self, names: Iterable[str]) -> None:
        for name in names:
            (self.path / name).unlink(missing_ok=True)
        if not self.names():
            self.storage.discard(self.path)
