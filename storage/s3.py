"""A store on a server that speaks S3, for several hosts.

S3 promises that an object is whole or not there; a move is a copy, and a delete once the copy stands.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import IO, Any, BinaryIO, cast

from django.conf import settings
from django.core.cache import cache
from django.core.files import File
from django.core.files.storage import Storage

from .errors import BucketUnreachable, NotWritable
from .files import Readable, copy_file, copy_stream, together
from .names import TEMPORARY, TRASH, is_safe_segment, safe_key
from .protocol import Stamp
from .s3_client import Client, S3File, Stat
from .s3_replacement import S3Replacement, finish, uncommitted, unfinished
from .signed_urls import S3Server, s3_url
from .staging import staging

# How long listings are cached, in which other programs may have put files; and the token of a folder's listing.
NAMES_SECONDS, TOKEN_SECONDS = 30, 24 * 3600


class S3Storage(Storage):
    """A `protocol.Store`, as a storage of Django. All keys begin with `prefix`.

    `public_url`: the server's address for browsers, empty where they can't reach it.
    """

    def __init__(self, server: S3Server, prefix: str, public_url: str = "") -> None:
        self.client, self.prefix = Client(**server), prefix
        self.server, self.public_url = server, public_url

    def key(self, name: str) -> str:
        return f"{self.prefix}/{safe_key(*str(name).split('/'))}"

    def staging_key(self, kind: str) -> str:
        """A new key that no listing of folders shows; `kind`: one of the prefixes in `names`."""
        return f"{self.prefix}/{kind}{uuid.uuid4().hex}"

    # --- One file ------------------------------------------------------------------------------------------

    def exists(self, name: str) -> bool:
        with suppress(FileNotFoundError):
            return bool(self.stat(name))
        return False

    def stat(self, name: str) -> Stat:
        return self.client.stat(self.key(name))

    def size(self, name: str) -> int:
        return self.stat(name).st_size

    def get_modified_time(self, name: str) -> datetime:
        return datetime.fromtimestamp(self.stat(name).st_mtime, UTC)

    def signed_url(self, name: str, content_type: str, caching: str) -> str | None:
        if not self.public_url:
            return None
        query = {"response-content-type": content_type, "response-cache-control": caching}
        return s3_url(self.public_url, self.server, self.key(name), query)

    def opened(self, name: str) -> tuple[BinaryIO, Stat]:
        stat = self.stat(name)
        return cast(BinaryIO, S3File(self.client, self.key(name), stat)), stat

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        return File(self.opened(name)[0], name)

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        with self.fetched_key(self.key(name)) as path:
            yield path

    @contextmanager
    def fetched_key(self, key: str) -> Iterator[Path]:
        with staging() as folder:
            self.client.download(key, path := folder / PurePath(key).name)
            yield path

    def delete(self, name: str) -> None:
        self.delete_keys([self.key(name)])

    def delete_keys(self, keys: Collection[str]) -> None:
        self.client.delete(keys)
        self._changed(*keys)

    def touch(self, name: str) -> None:
        self.client.touch(self.key(name))

    def remove_older(self, name: str, older_than: float) -> bool:
        with suppress(FileNotFoundError):
            if self.stat(name).st_mtime < older_than:
                self.delete(name)
                return True
        return False

    # --- Writing -------------------------------------------------------------------------------------------

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: IO[bytes]) -> str:
        with staging() as folder:
            with (folder / "file").open("wb") as target:
                copy_stream(content, target)
            self.put(folder / "file", name)
        return name

    def put(self, path: str | Path, name: str) -> None:
        self.client.upload(Path(path), self.key(name))
        self._changed(self.key(name))

    @contextmanager
    def staged(self, path: str | Path) -> Iterator[tuple[str, str]]:
        place = self.staging_key(TEMPORARY)
        with staging() as folder:
            sha256 = copy_file(path, folder / "file")
            self.client.upload(folder / "file", place)
        try:
            yield place, sha256
        finally:
            # `sweep` deletes it later where the server does not answer.
            with suppress(BucketUnreachable):
                self.client.delete([place])

    def commit(self, place: str, name: str) -> None:
        self.client.copy(place, self.key(name))
        self._changed(self.key(name))

    # --- Folders -------------------------------------------------------------------------------------------

    def folders(self) -> list[str]:
        names = (PurePath(key).name for key in self.client.folders(f"{self.prefix}/"))
        return sorted(name for name in names if is_safe_segment(name))

    def files(self, folder: str) -> dict[str, Stat]:
        return self.files_at(f"{self.key(folder)}/")

    def files_at(self, start: str) -> dict[str, Stat]:
        found = {key.removeprefix(start): stat for key, stat in self.client.listing(start, flat=True)}
        return {name: stat for name, stat in found.items() if is_safe_segment(name)}

    def names(self, folder: str) -> frozenset[str]:
        """Cached only with Redis, which all hosts share, until one of them writes."""
        if not settings.REDIS_URL:
            return frozenset(self.files(folder))
        # A listing made while another host writes is cached under a token that nobody asks for any more.
        token = cache.get_or_set(self._token(self.key(folder)), lambda: uuid.uuid4().hex, TOKEN_SECONDS)
        listed = cache.get_or_set(f"names:{token}", lambda: frozenset(self.files(folder)), NAMES_SECONDS)
        return cast(frozenset[str], listed)

    def _token(self, folder_key: str) -> str:
        return f"names:{self.client.bucket}:{folder_key}"

    def _changed(self, *keys: str) -> None:
        """Forget the cached listings of the folders of these keys."""
        if settings.REDIS_URL:
            for folder in {key.rpartition("/")[0] for key in keys}:
                cache.delete(self._token(folder))

    def stamps(self, folders: Iterable[str]) -> dict[str, Stamp]:
        """Folders of S3 have no time of their own."""
        return dict.fromkeys(folders)

    def unchanged(self, stamps: Mapping[str, Stamp]) -> bool:
        return not stamps

    def delete_folder(self, folder: str) -> None:
        self.delete_keys([key for key, _ in self.client.listing(f"{self.key(folder)}/")])

    def remove_empty(self, folder: str) -> None:
        """S3 has no empty folders."""

    @contextmanager
    def staged_folder(self) -> "Iterator[S3StagedFolder]":
        place = f"{self.staging_key(TEMPORARY)}/"
        try:
            yield S3StagedFolder(self, place)
        finally:
            self.client.delete_below(place)

    # --- Trash ---------------------------------------------------------------------------------------------

    def trash_folder(self, folder: str, label: str) -> None:
        start = f"{self.key(folder)}/"
        found = {key.removeprefix(start): stat for key, stat in self.client.listing(start)}
        self._move_to_trash(start, found, label)

    def trash_files(self, folder: str, names: Collection[str], label: str) -> None:
        found = self.files(folder)
        self._move_to_trash(f"{self.key(folder)}/", {n: found[n] for n in names if n in found}, label)

    def _move_to_trash(self, start: str, stats: Mapping[str, Stat], label: str) -> None:
        target = self.staging_key(f"{TRASH}{label}-")

        def move(name: str, stat: Stat) -> None:
            # A file that was replaced after the listing stays.
            with suppress(FileNotFoundError):
                self.client.copy(f"{start}{name}", f"{target}/{name}", stat)
                if self.client.stat(f"{start}{name}") == stat:
                    self.client.delete([f"{start}{name}"])

        try:
            together(move, stats.items())
        finally:
            self._changed(start)

    def trash(self) -> "list[S3Trash]":
        start = f"{self.prefix}/{TRASH}"
        keys = self.client.folders(start)
        return [S3Trash(self, key.removeprefix(start).rpartition("-")[0], key) for key in keys]

    def clock(self, moment: float) -> float:
        return moment + self.client.seconds_ahead()

    # --- Backups -------------------------------------------------------------------------------------------

    def everything(self) -> Iterator[tuple[str, Stat]]:
        """`folder/name` and Stat of all files, those in the trash included."""
        start = f"{self.prefix}/"
        for key, stat in self.client.listing(start):
            folder, _, name = key.removeprefix(start).partition("/")
            if is_safe_segment(name) and (is_safe_segment(folder) or folder.startswith(TRASH)):
                yield f"{folder}/{name}", stat

    def copy_out(self, name: str, path: Path) -> Stat:
        """Copy a file of `everything` to `path`; returns its Stat. FileNotFoundError when it is gone."""
        return self.client.download(f"{self.prefix}/{name}", path)

    def replacement(self, folder: Path) -> S3Replacement:
        """A replacement of all files here by those below a local folder."""
        return S3Replacement(self, folder)

    def unfinished_replacements(self) -> list[str]:
        """The places of replacements whose rows are in and whose files are not, or not all."""
        return unfinished(self)

    def finish_replacements(self) -> int:
        """Complete them; returns their number."""
        return finish(self)

    # --- Upkeep --------------------------------------------------------------------------------------------

    def check_writable(self) -> None:
        try:
            self.client.check_writable(self.staging_key(TEMPORARY))
        except (FileNotFoundError, BucketUnreachable) as error:
            raise NotWritable(self._why_not(getattr(error, "reason", "not found"))) from None

    def _why_not(self, reason: str) -> str:
        words, advice = reason, "look at its address, key and rights."
        if reason == "NoSuchBucket":
            words, advice = "there is no such bucket", "run: manage.py make_buckets"
        return f"The bucket of {self.client.setting} can't be written ({words}); {advice}"

    def sweep(self, older_than: float) -> None:
        for key, upload in self._unfinished_uploads(older_than):
            self.client.abort(key, upload)
        self.client.delete(self._staged_keys(older_than))

    def leftovers(self, older_than: float) -> list[PurePath]:
        uploads = [key for key, _ in self._unfinished_uploads(older_than)]
        return [PurePath(key) for key in uploads + self._staged_keys(older_than)]

    def _staged_keys(self, older_than: float) -> list[str]:
        staged = self.client.listing(f"{self.prefix}/{TEMPORARY}")
        return [key for key, stat in staged if stat.st_mtime < older_than] + uncommitted(self, older_than)

    def _unfinished_uploads(self, older_than: float) -> list[tuple[str, str]]:
        # Their parts are in no listing of files, and are charged for until they are deleted.
        return list(self.client.multipart_uploads(f"{self.prefix}/", older_than))


@dataclass(frozen=True)
class S3Trash:
    """Files below a key that wait to be archived."""

    storage: S3Storage
    label: str
    start: str

    def names(self) -> list[str]:
        return list(self.storage.files_at(self.start))

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        with self.storage.fetched_key(f"{self.start}{name}") as path:
            yield path

    def discard(self, names: Iterable[str]) -> None:
        self.storage.client.delete(f"{self.start}{name}" for name in names)
        if not self.names():
            self.storage.client.delete_below(self.start)


@dataclass(frozen=True)
class S3StagedFolder:
    """Files below `place`, to be moved into a folder."""

    storage: S3Storage
    place: str
    names: list[str] = field(default_factory=list)

    def add(self, name: str, source: Readable) -> tuple[int, str]:
        with staging() as folder:
            with (folder / "file").open("wb") as target:
                size, sha256 = copy_stream(source, target)
            self.storage.client.upload(folder / "file", f"{self.place}{safe_key(name)}")
        self.names.append(name)
        return size, sha256

    def commit(self, folder: str) -> None:
        if self.storage.files(folder):
            raise FileExistsError(f"The folder '{folder}' holds files already.")
        try:
            together(
                self.storage.commit, [(f"{self.place}{name}", f"{folder}/{name}") for name in self.names]
            )
        except OSError:
            self.roll_back(folder)
            raise

    def roll_back(self, folder: str) -> None:
        self.storage.delete_keys([self.storage.key(f"{folder}/{name}") for name in self.names])
