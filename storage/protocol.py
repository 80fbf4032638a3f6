"""A store, the bucket or the archive: `folder.FolderStorage` and `s3.S3Storage` satisfy the protocol."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO, Protocol

from .files import Readable

# Tells whether a folder has changed; compared, and nothing else.
Stamp = object


class FileStat(Protocol):
    """The part of `os.stat_result` that every store knows."""

    @property
    def st_size(self) -> int: ...
    @property
    def st_mtime(self) -> float: ...
    @property
    def st_mtime_ns(self) -> int: ...
    @property
    def st_ino(self) -> int: ...


class StagedFolder(Protocol):
    """Files on their way into a folder that does not exist yet."""

    def add(self, name: str, source: Readable) -> tuple[int, str]:
        """Copy a binary file object in under `name`; returns `(size in bytes, SHA-256 in hex)`."""

    def commit(self, folder: str) -> None:
        """Make it that folder of the bucket; FileExistsError when there are files in it."""

    def roll_back(self, folder: str) -> None:
        """Undo `commit`."""


class Trash(Protocol):
    """Files that were moved out of a folder under a label, until the archive has them."""

    @property
    def label(self) -> str: ...

    def names(self) -> list[str]: ...

    def fetched(self, name: str) -> AbstractContextManager[Path]:
        """The path of one of the files while the block runs."""

    def discard(self, names: Iterable[str]) -> None:
        """Delete these files, and the rest of it unless another file has come."""


class Store(Protocol):
    """Files at `folder/name`. A write is whole or not there; a name that is not safe raises UnsafeName.

    A missing file is a FileNotFoundError, a server that does not answer is a BucketUnreachable.
    """

    # --- One file ------------------------------------------------------------------------------------------

    def exists(self, name: str) -> bool: ...

    def size(self, name: str) -> int: ...

    def stat(self, name: str) -> FileStat: ...

    def opened(self, name: str) -> tuple[BinaryIO, FileStat]:
        """A file object and the stat of the same file, even if another one takes its name meanwhile."""

    def fetched(self, name: str) -> AbstractContextManager[Path]:
        """The path of a file, or of a copy, on this machine while the block runs."""

    def signed_url(self, name: str, content_type: str, caching: str) -> str | None:
        """The URL at which a browser gets the file from the store's own server; None where it can't."""

    def put(self, path: str | Path, name: str) -> None:
        """Copy the file at `path` in under `name`."""

    def staged(self, path: str | Path) -> AbstractContextManager[tuple[str, str]]:
        """`(place, SHA-256)` of a copy of the file at `path`, for `commit`; it goes when the block ends.

        The hash is that of the copied bytes, even if the file changes meanwhile.
        """

    def commit(self, place: str, name: str) -> None:
        """Make a staged copy the file called `name`.

        A folder that is deleted meanwhile is made again: the caller must check whether the file is still wanted.
        """

    def touch(self, name: str) -> None:
        """Date a file now."""

    def delete(self, name: str) -> None:
        """Delete a file; a missing one is fine."""

    def remove_older(self, name: str, older_than: float) -> bool:
        """Delete a file last changed before then (epoch seconds); returns whether it was deleted."""

    # --- Folders -------------------------------------------------------------------------------------------

    def folders(self) -> list[str]:
        """The safe names of all folders."""

    def names(self, folder: str) -> frozenset[str]:
        """The names of `files`, cached until the folder changes."""

    def files(self, folder: str) -> Mapping[str, FileStat]:
        """The files of a folder, by name; a missing folder has none, and unsafe names are left out."""

    def stamps(self, folders: Iterable[str]) -> dict[str, Stamp]:
        """A stamp of each folder, for `unchanged`."""

    def unchanged(self, stamps: Mapping[str, Stamp]) -> bool:
        """Whether the folders still have these stamps; False where that can't be told."""

    def delete_folder(self, folder: str) -> None: ...

    def remove_empty(self, folder: str) -> None:
        """Delete a folder that has nothing in it; any other stays."""

    def staged_folder(self) -> AbstractContextManager[StagedFolder]:
        """A StagedFolder; it goes at the end of the block unless it was committed."""

    # --- Trash ---------------------------------------------------------------------------------------------

    def trash_folder(self, folder: str, label: str) -> None:
        """Move a folder to the trash."""

    def trash_files(self, folder: str, names: Collection[str], label: str) -> None:
        """Move files to the trash; a second call with this label completes one that broke off."""

    def trash(self) -> "Iterable[Trash]":
        """All that was not discarded yet."""

    def clock(self, moment: float) -> float:
        """The time by the clock that dates the files, at a moment of ours (both in epoch seconds)."""

    # --- Upkeep --------------------------------------------------------------------------------------------

    def check_writable(self) -> None:
        """Write a file and delete it again; NotWritable where that fails."""

    def sweep(self, older_than: float) -> None:
        """Delete what killed processes left, untouched since `older_than` (epoch seconds)."""

    def leftovers(self, older_than: float) -> Collection[PurePath]:
        """The paths of what `sweep` would delete."""


if TYPE_CHECKING:
    # mypy checks that both satisfy the protocol.
    from .folder import FolderStorage
    from .s3 import S3Storage

    STORES: tuple[type[Store], ...] = (FolderStorage, S3Storage)
