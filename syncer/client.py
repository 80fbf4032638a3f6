"""Supabase over its Python client: the only module that knows it.

Tables: https://docs.postgrest.org/en/stable/references/api.html
Storage: https://supabase.com/docs/guides/storage
"""

import hashlib
import logging
import os
import threading
from functools import cache, cached_property
from pathlib import Path
from urllib.parse import quote

import httpx
from django.conf import settings
from django.utils.translation import gettext

from storage.names import media_type

from . import answers, listings
from .calls import SLOWEST, Caller, Passing, within, wrong_key
from .errors import NotConfigured, RemoteError, Unreadable, WrongKey

# Supabase's default for max-rows, and the ids that fit well into an address.
ROWS_PER_PAGE = 1000
IDS_PER_REQUEST = 100
ROWS_PER_WRITE = 500
FILES_PER_REMOVAL = 500
# More rows of a table are no table of universes.
MOST_ROWS = 1_000_000


MISSING_TABLE = "PGRST205"
# PostgREST's, when a column is written, and Postgres's, when it is read.
MISSING_COLUMN = {"PGRST204", "42703"}


class MissingTable(RemoteError):
    """Supabase has no such table."""


class MissingColumn(RemoteError):
    """A table in Supabase has no such column."""


class MissingObject(Unreadable):
    """Supabase Storage has no such bucket or file."""


# Raised by the client library at an answer of another form than it expects.
UNEXPECTED = (ValueError, LookupError, TypeError, AttributeError, RecursionError, httpx.HTTPError)

log = logging.getLogger(__name__)
_lock = threading.Lock()
_clients = {}


@cache
def _supabase():
    """The client library, imported with the first call: it weighs 18 MB, and most web processes never make one."""
    import supabase

    return supabase


def client():
    """This process's client for the settings as they are now; NotConfigured names the one that is missing."""
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


def _drop_others():
    """Close what other settings needed; what was inherited by a fork belongs to the parent and is only let go."""
    for (pid, *_), old in _clients.items():
        if pid == os.getpid():
            old.close()
    _clients.clear()


class Supabase(Caller):
    """Rows by table and files by key. Raises Unreachable, WrongKey or RemoteError."""

    def __init__(self, url, key, bucket, timeout):
        super().__init__(url, key, timeout)
        self._key, self.bucket_name = key, bucket

    @cached_property
    def _library(self):
        options = _supabase().ClientOptions(
            httpx_client=self._http,
            auto_refresh_token=False,
            persist_session=False,
            postgrest_client_retry=False,
        )
        return _supabase().create_client(self.url, self._key, options)

    @property
    def _tables(self):
        return self._library.postgrest

    @property
    def _storage(self):
        return self._library.storage

    # --- Rows

    def select(self, table, column=None, values=None):
        """All rows of a table, by id, or those whose column holds one of the values, however many pages it takes."""
        if column is None:
            return self._pages(table, lambda query: query)
        found = []
        for some in chunks(list(values), IDS_PER_REQUEST):
            found += self._pages(table, lambda query, some=some: query.in_(column, some))
        return found

    def _pages(self, table, narrow):
        """Rows as they come, of any type. One page tells the same row twice only if the table has it twice."""
        rows, seen, total = [], set(), None
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

    def _page(self, table, narrow, offset):
        what = gettext("reading %(table)s") % {"table": table}
        query = narrow(self._tables.from_(table).select("*", count="exact")).order("id")
        page = self._call(what, lambda: query.range(offset, offset + ROWS_PER_PAGE - 1).execute())
        # Without their number, nobody knows whether these are all rows.
        if not isinstance(page.data, list) or page.count is None or page.count > MOST_ROWS:
            raise self._unlike(what)
        return page

    def lacking(self, table, columns):
        """Those of the columns that a table does not have: for one without any row, which would tell."""
        if self._has(table, columns):
            return frozenset()
        return frozenset(column for column in columns if not self._has(table, [column]))

    def _has(self, table, columns):
        query = self._tables.from_(table).select(",".join(columns)).limit(1)
        try:
            self._call(gettext("looking at %(table)s") % {"table": table}, query.execute)
        except MissingColumn:
            return False
        return True

    def insert(self, table, rows):
        """Add rows, in pieces; all rows must have the same columns."""
        for some in chunks(rows, ROWS_PER_WRITE):
            query = self._tables.from_(table).insert(some, returning="minimal")
            self._call(gettext("adding to %(table)s") % {"table": table}, query.execute, repeatable=False)

    def insert_one(self, table, row):
        """Add a row and return it as the table has it now, with the id that it got."""
        what, query = gettext("adding to %(table)s") % {"table": table}, self._tables.from_(table).insert(row)
        made = self._call(what, query.execute, repeatable=False).data
        if not (isinstance(made, list) and made and isinstance(made[0], dict)):
            raise self._unlike(what)
        return made[0]

    def update(self, table, row_id, values):
        """Change the given columns of one row."""
        self.update_alike(table, [row_id], values)

    def update_alike(self, table, ids, values):
        """Give the given columns the same values in all these rows.

        Not an upsert: one has to name every column that may not be null, also those that we don't know, or that
        somebody else is changing.
        """
        for some in chunks(list(ids), IDS_PER_REQUEST):
            query = self._tables.from_(table).update(values, returning="minimal").in_("id", some)
            self._call(gettext("changing %(table)s") % {"table": table}, query.execute)

    def delete(self, table, ids):
        for some in chunks(list(ids), IDS_PER_REQUEST):
            query = self._tables.from_(table).delete(returning="minimal").in_("id", some)
            self._call(gettext("deleting from %(table)s") % {"table": table}, query.execute)

    # --- Files

    def check_bucket(self):
        """RemoteError unless the bucket exists: where it does not, every listing is empty too."""
        try:
            self._call(gettext("looking for the bucket"), lambda: self._storage.get_bucket(self.bucket_name))
        except MissingObject:
            raise RemoteError(
                gettext("Supabase has no bucket '%(bucket)s'; create it there, or set SUPABASE_BUCKET_NAME.")
                % {"bucket": self.bucket_name}
            ) from None

    def list(self, folder):
        """The files of a folder and its sub-folders: `[{"name", "metadata"}]`, names as paths from the folder."""
        try:
            return listings.by_cursor(self._call, self._files(), folder)
        except MissingObject:
            # Servers of one's own may be older than that listing.
            return listings.by_offset(self._call, self._files(), folder)

    def upload(self, path, key):
        """Store the file at `path` under a key, replacing what lies there."""
        options = {
            "content-type": media_type(key),
            "cache-control": str(settings.SUPABASE_CACHE_SECONDS),
            "upsert": "true",
        }
        self._call(
            gettext("uploading %(key)s") % {"key": key}, lambda: self._files().upload(key, path, options)
        )

    def download(self, key, path, size, md5=""):
        """Stream a file to `path`: `{"sha256", "md5"}` of what came. Unreadable: not there, or other bytes than listed.

        `size`, and `md5` where it is known: as listed.
        """
        return self._call(
            gettext("downloading %(key)s") % {"key": key}, lambda: self._download(key, path, size, md5)
        )

    def _download(self, key, path, size, listed_md5):
        sha256, md5, came = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
        address = f"{self.url}/storage/v1/object/{quote(self.bucket_name)}/{quote(key)}"
        headers = {**self._headers, "Accept-Encoding": "identity"}
        with self._http.stream("GET", address, headers=headers) as answer, Path(path).open("wb") as target:
            if answer.status_code != 200:
                raise self._refusal(answer, gettext("downloading %(key)s") % {"key": key})
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

    def remove(self, keys):
        """Delete files; those that are not there are fine."""
        for some in chunks(list(keys), FILES_PER_REMOVAL):
            self._call(gettext("deleting files"), lambda some=some: self._files().remove(some))

    def _files(self):
        return self._storage.from_(self.bucket_name)

    # --- What the library raises

    def _translated(self, what, send):
        try:
            return send()
        except _supabase().PostgrestAPIError as error:
            if error.code == MISSING_TABLE:
                raise MissingTable(
                    gettext("Supabase has no table for this (%(what)s): %(message)s")
                    % {"what": what, "message": error.message}
                ) from None
            raise self._table_error(what, error) from None
        except _supabase().StorageException as error:
            raise self._storage_error(what, error) from None
        except httpx.TransportError:
            raise
        except UNEXPECTED as error:
            log.warning("Supabase's answer can't be read (%s): %s", what, type(error).__name__)
            raise self._unlike(f"{what}{_where(error)}") from None

    def _table_error(self, what, error):
        # PostgREST and Postgres give codes of their own; an HTTP status, or none, comes from something else.
        if not error.code or len(error.code) == len("404"):
            return self._unlike(what)
        kind = MissingColumn if error.code in MISSING_COLUMN else RemoteError
        words = {"what": what, "message": error.message or gettext("no reason given"), "status": error.code}
        return kind(gettext("Supabase refused %(what)s: %(message)s (%(status)s).") % words)

    def _unlike(self, what):
        return RemoteError(
            gettext("%(url)s does not answer like Supabase (%(what)s); check SUPABASE_URL.")
            % {"url": self.url, "what": what}
        )

    def _storage_error(self, what, error):
        # The true status stands in the body; HTTP says 400 for most.
        status, message = str(getattr(error, "status", "")), str(getattr(error, "message", error))[:200]
        if status in ("401", "403"):
            return wrong_key(message)
        if status == "404":
            return MissingObject(
                gettext("Supabase has not found it (%(what)s): %(message)s")
                % {"what": what, "message": message}
            )
        if status == "413":
            return RemoteError(
                gettext("Supabase refused %(what)s: larger than the bucket's limit; raise it there.")
                % {"what": what}
            )
        return RemoteError(
            gettext("Supabase refused %(what)s: %(message)s (%(status)s).")
            % {"what": what, "message": message, "status": status}
        )

    def _refusal(self, answer, what):
        answer.read()
        kind = MissingObject if answers.is_missing(answer) else RemoteError
        words = {"what": what, "message": answers.message(answer), "status": answer.status_code}
        return kind(gettext("Supabase refused %(what)s: %(message)s (%(status)s).") % words)


def _where(error):
    """Where in an answer the client library stumbled, if it tells: `: objects.0.name: Input should be a string`.

    https://docs.pydantic.dev/latest/errors/errors/
    """
    if not callable(getattr(error, "errors", None)):
        return ""
    first = error.errors()[0]
    return f": {'.'.join(map(str, first['loc']))}: {first['msg']}"[:200]


def _mark(row):
    """The key that tells a row from others, whatever its type."""
    return repr(row.get("id", row) if isinstance(row, dict) else row)


def chunks(items, size):
    return (items[start : start + size] for start in range(0, len(items), size))
