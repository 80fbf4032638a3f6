"""Supabase over its Python client. No other module imports `supabase`.

Tables: https://docs.postgrest.org/en/stable/references/api.html
Storage: https://supabase.com/docs/guides/storage
"""

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, TypedDict, TypeVar
from urllib.parse import quote

import httpx
from django.conf import settings

from storage.files import Digests
from storage.messages import Message, Text, gettext
from storage.names import media_type

from .errors import Damaged, NotConfigured, RemoteError, Unreadable, WrongKey
from .transport import (
    SLOWEST,
    Found,
    MissingColumn,
    MissingObject,
    Passing,
    Transport,
    download_error,
    fault,
    storage_error,
    table_error,
    within,
)

Item = TypeVar("Item")

# Supabase's default for max-rows, and the ids that fit well into an address.
ROWS_PER_PAGE = 1000
IDS_PER_REQUEST = 100
ROWS_PER_WRITE = 500
FILES_PER_REMOVAL = 500
FILES_PER_PAGE = 100
# A table with more rows is no table of universes.
MOST_ROWS = 1_000_000
# Bounds the listing of a server that always announces one more page.
MOST_PAGES = 1000

# Raised by the client library for an answer that it can't read.
UNEXPECTED = (ValueError, LookupError, TypeError, AttributeError, RecursionError, httpx.HTTPError)

log = logging.getLogger(__name__)
_lock = threading.Lock()
_clients: dict[tuple[Any, ...], "Supabase"] = {}


class Entry(TypedDict):
    """A file of a listing; `name`: its path within the listed folder."""

    name: Any
    metadata: Any


@cache
def _supabase() -> Any:
    """The client library, imported with the first call: it weighs 18 MB, and most web processes never make one."""
    import supabase

    return supabase


def client() -> "Supabase":
    """This process's client for the current settings; NotConfigured names a missing one."""
    for name in ("SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY"):
        if not getattr(settings, name):
            raise NotConfigured(
                gettext("Supabase is not configured: set %(name)s in the environment or in .env.")
                % {"name": name}
            )
    if (
        not settings.SUPABASE_SERVICE_ROLE_KEY.isascii()
        or not settings.SUPABASE_SERVICE_ROLE_KEY.isprintable()
    ):
        raise WrongKey(gettext("SUPABASE_SERVICE_ROLE_KEY holds characters that no key has; copy it again."))
    # Connections don't survive a fork, hence the process id.
    wanted = (
        os.getpid(),
        settings.SUPABASE_URL,
        settings.SUPABASE_SERVICE_ROLE_KEY,
        settings.SUPABASE_BUCKET_NAME,
        settings.SYNC_TIMEOUT,
    )
    with _lock:
        if wanted not in _clients:
            _drop_others()
            _clients[wanted] = Supabase(*wanted[1:])
        return _clients[wanted]


def _drop_others() -> None:
    """Close clients of other settings; one that a fork inherited belongs to the parent and is only dropped."""
    for (pid, *_), old in _clients.items():
        if pid == os.getpid():
            old.close()
    _clients.clear()


class Supabase(Transport):
    """Rows by table and files by key. Raises Unreachable, WrongKey or RemoteError."""

    def __init__(self, url: str, key: str, bucket: str, timeout: float) -> None:
        super().__init__(url, key, timeout)
        self._key, self.bucket_name = key, bucket

    @cached_property
    def _library(self) -> Any:
        options = _supabase().ClientOptions(
            httpx_client=self._http,
            auto_refresh_token=False,
            persist_session=False,
            postgrest_client_retry=False,
        )
        return _supabase().create_client(self.url, self._key, options)

    @property
    def _tables(self) -> Any:
        return self._library.postgrest

    @property
    def _storage(self) -> Any:
        return self._library.storage

    # --- Rows

    def select(self, table: str, column: str = "", values: Collection[Any] = ()) -> list[Any]:
        """All rows of a table in the order of their ids, or those whose column holds one of the values."""
        if not column:
            return self._pages(table, lambda query: query)
        found: list[Any] = []
        for some in chunks(list(values), IDS_PER_REQUEST):
            found += self._pages(table, partial(_where_in, column, some))
        return found

    def _pages(self, table: str, narrow: Callable[[Any], Any]) -> list[Any]:
        """Rows unchecked, page by page. A page holds a row twice only if the table does."""
        rows: list[Any] = []
        seen: set[str] = set()
        total: int | None = None
        while total is None or len(rows) < total:
            page = self._page(table, narrow, len(rows))
            total, ids = page.count, {_mark(row) for row in page.data}
            if ids & seen or not page.data:
                break
            rows, seen = rows + page.data, seen | ids
        if len(rows) != total:
            raise RemoteError(
                gettext("The table %(table)s changed while it was read; run the sync again.")
                % {"table": table}
            )
        return rows

    def _page(self, table: str, narrow: Callable[[Any], Any], offset: int) -> Any:
        what = gettext("reading %(table)s") % {"table": table}
        query = narrow(self._tables.from_(table).select("*", count="exact")).order("id")
        page = self._call(what, lambda: query.range(offset, offset + ROWS_PER_PAGE - 1).execute())
        # Without the total number it is not known whether these are all rows.
        if not isinstance(page.data, list) or page.count is None or page.count > MOST_ROWS:
            raise self._unlike(what)
        return page

    def lacking(self, table: str, columns: Collection[str]) -> frozenset[str]:
        """The columns that a table does not have, for a table that has no row to tell them from."""
        if self._has(table, columns):
            return frozenset()
        return frozenset(column for column in columns if not self._has(table, [column]))

    def _has(self, table: str, columns: Collection[str]) -> bool:
        query = self._tables.from_(table).select(",".join(columns)).limit(1)
        try:
            self._call(gettext("looking at %(table)s") % {"table": table}, query.execute)
        except MissingColumn:
            return False
        return True

    def insert(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows, all of the same columns, in chunks."""
        for some in chunks(rows, ROWS_PER_WRITE):
            query = self._tables.from_(table).insert(some, returning="minimal")
            self._call(gettext("adding to %(table)s") % {"table": table}, query.execute, repeatable=False)

    def insert_one(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        """Add a row; returns it with its id."""
        what, query = gettext("adding to %(table)s") % {"table": table}, self._tables.from_(table).insert(row)
        made = self._call(what, query.execute, repeatable=False).data
        if not (isinstance(made, list) and made and isinstance(made[0], dict)):
            raise self._unlike(what)
        return made[0]

    def update(self, table: str, row_id: Any, values: dict[str, Any]) -> None:
        """Change the given columns of one row."""
        self.update_alike(table, [row_id], values)

    def update_alike(self, table: str, ids: Collection[Any], values: dict[str, Any]) -> None:
        """Give the given columns the same values in all these rows.

        An upsert would have to name every column that may not be null, also unknown ones and ones that somebody
        else is changing.
        """
        for some in chunks(list(ids), IDS_PER_REQUEST):
            query = self._tables.from_(table).update(values, returning="minimal").in_("id", some)
            self._call(gettext("changing %(table)s") % {"table": table}, query.execute)

    def delete(self, table: str, ids: Collection[Any]) -> None:
        for some in chunks(list(ids), IDS_PER_REQUEST):
            query = self._tables.from_(table).delete(returning="minimal").in_("id", some)
            self._call(gettext("deleting from %(table)s") % {"table": table}, query.execute)

    # --- Files

    def check_bucket(self) -> None:
        """RemoteError unless the bucket exists; a missing one has empty listings too."""
        try:
            self._call(gettext("looking for the bucket"), lambda: self._storage.get_bucket(self.bucket_name))
        except MissingObject:
            raise RemoteError(
                gettext("Supabase has no bucket '%(bucket)s'; create it there, or set SUPABASE_BUCKET_NAME.")
                % {"bucket": self.bucket_name}
            ) from None

    def listing(self, folder: str) -> list[Entry]:
        """The files of a folder and its sub-folders."""
        try:
            return self._list_by_cursor(folder)
        except MissingObject:
            # Self-hosted servers may be older than that listing.
            return self._list_by_offset(folder)

    def _list_by_cursor(self, folder: str) -> list[Entry]:
        """With a cursor, a file that is removed meanwhile hides no other one."""
        found: list[Entry] = []
        options: dict[str, Any] = {"prefix": f"{folder}/", "limit": FILES_PER_PAGE}
        for _ in range(MOST_PAGES):
            page = self._call(_listing(folder), partial(self._page_by_cursor, options))
            found += [entry for file in page.objects if (entry := _entry(folder, file))]
            if not page.hasNext:
                return found
            options = options | {"cursor": page.nextCursor}
        raise _endless(folder)

    def _page_by_cursor(self, options: dict[str, Any]) -> Any:
        return self._files().list_v2(options)

    def _list_by_offset(self, folder: str) -> list[Entry]:
        """From a server that lists no sub-folders; they are read one deep."""
        entries = self._list_level(folder)
        found = [_named(entry["name"], entry) for entry in entries if entry["id"]]
        for name in (entry["name"] for entry in entries if not entry["id"]):
            inside = self._list_level(f"{folder}/{name}")
            found += [_named(f"{name}/{entry['name']}", entry) for entry in inside if entry["id"]]
        return found

    def _list_level(self, folder: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        for _ in range(MOST_PAGES):
            options = {
                "limit": FILES_PER_PAGE,
                "offset": len(entries),
                "sortBy": {"column": "name", "order": "asc"},
            }
            page = self._call(
                _listing(folder),
                partial(self._page_by_offset, folder, options),
            )
            entries += page
            if len(page) < FILES_PER_PAGE:
                return entries
        raise _endless(folder)

    def _page_by_offset(self, folder: str, options: dict[str, Any]) -> list[dict[str, Any]]:
        page = self._files().list(folder, options)
        if not isinstance(page, list) or not all(map(_is_entry, page)):
            raise ValueError(page)
        return page

    def upload(self, path: Path, key: str) -> None:
        """Store the file at `path` under a key; one that lies there is replaced."""
        options = {
            "content-type": media_type(key),
            "cache-control": str(settings.SUPABASE_CACHE_SECONDS),
            "upsert": "true",
        }
        self._call(
            gettext("uploading %(key)s") % {"key": key}, lambda: self._files().upload(key, path, options)
        )

    def download(self, key: str, path: Path, size: int, md5: str = "") -> Digests:
        """Stream a file to `path`. Unreadable when it is missing, or not of the listed `size` and `md5`, if given."""
        return self._call(
            gettext("downloading %(key)s") % {"key": key}, lambda: self._download(key, path, size, md5)
        )

    def _download(self, key: str, path: Path, size: int, listed_md5: str) -> Digests:
        sha256, md5, came = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
        address = f"{self.url}/storage/v1/object/{quote(self.bucket_name)}/{quote(key)}"
        headers = {**self._headers, "Accept-Encoding": "identity"}
        with self._http.stream("GET", address, headers=headers) as answer, Path(path).open("wb") as target:
            if answer.status_code != 200:
                raise download_error(gettext("downloading %(key)s") % {"key": key}, answer)
            for piece in within(answer, self._seconds + size / SLOWEST):
                came += len(piece)
                if came > size:
                    break
                target.write(piece)
                sha256.update(piece)
                md5.update(piece)
        if came != size:
            raise Passing(
                gettext(
                    "%(key)s came with %(came)s bytes instead of the %(size)s that are listed; run the "
                    "sync again."
                )
                % {"key": key, "came": came, "size": size},
                kind=Unreadable,
            )
        if listed_md5 and md5.hexdigest() != listed_md5:
            raise Passing(
                gettext("%(key)s came with other bytes than are listed; run the sync again.") % {"key": key},
                kind=Unreadable,
            )
        return {"sha256": sha256.hexdigest(), "md5": md5.hexdigest()}

    def remove(self, keys: Collection[str]) -> None:
        """Delete files; missing ones are fine."""
        for some in chunks(list(keys), FILES_PER_REMOVAL):
            self._call(gettext("deleting files"), partial(self._remove, some))

    def _remove(self, keys: Sequence[str]) -> None:
        self._files().remove(keys)

    def _files(self) -> Any:
        return self._storage.from_(self.bucket_name)

    def _translated(self, what: Text, send: Callable[[], Found]) -> Found:
        try:
            return send()
        except _supabase().PostgrestAPIError as error:
            raise (table_error(what, error) or self._unlike(what)) from None
        except _supabase().StorageException as error:
            raise storage_error(what, error) from None
        except httpx.TransportError:
            raise
        except UNEXPECTED as error:
            log.warning("Supabase's answer can't be read (%s): %s", what, type(error).__name__)
            part = fault(error)
            raise self._unlike(f"{what}{part}" if part else what) from None


def _where_in(column: str, values: Sequence[Any], query: Any) -> Any:
    return query.in_(column, values)


def _listing(folder: str) -> Message:
    return gettext("listing %(folder)s") % {"folder": folder}


def _endless(folder: str) -> RemoteError:
    return RemoteError(gettext("The listing of %(folder)s in Supabase has no end.") % {"folder": folder})


def _entry(folder: str, file: Any) -> Entry | None:
    """None for a key of a folder that only differs in case, which some servers list too."""
    key = file.key or file.name
    if not key.lower().startswith(f"{folder}/".lower()):
        raise Damaged(
            gettext("its listing has the file %(key)r, which does not lie there") % {"key": key[:150]}
        )
    return (
        _named(key.removeprefix(f"{folder}/"), {"metadata": file.metadata or {}})
        if key.startswith(f"{folder}/")
        else None
    )


def _named(name: str, entry: dict[str, Any]) -> Entry:
    return {"name": name, "metadata": entry.get("metadata")}


def _is_entry(found: Any) -> bool:
    return isinstance(found, dict) and isinstance(found.get("name"), str) and "id" in found


def _mark(row: Any) -> str:
    """A key that tells a row, of any type, from others."""
    return repr(row.get("id", row) if isinstance(row, dict) else row)


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))
