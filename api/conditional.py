"""Conditional reads (RFC 9110, section 13): an ETag with each answer, a 304 for a client that has it already.

An ETag is the digest of a body. Each thread notes what the ETags that it gave lately were made of, and no body: the
state of the database and the stamps of folders. While both last, a client that comes with such an ETag gets its 304
at once. SQLite counts commits (https://www.sqlite.org/pragma.html#pragma_data_version), PostgreSQL tells which
transactions can be seen (https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT), and a
folder has times of change; they are asked for each request, so that a writer has to tell nobody.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import local
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connection, connections
from django.http import HttpResponse
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from storage import bucket

from .formats import dumps
from .permissions import has_scope
from .roles import READ

# How many ETags a thread notes.
MOST_NOTED = 256
# A folder that changed so lately may change again without its times telling (in nanoseconds).
TICK = 1_000_000_000
ANY = "*"

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of what one has."
)
NOT_MODIFIED = {304: OpenApiResponse(description="What one has is what there is.")}

# The result of an action: its data, and the folders whose files the data tell of.
Found = tuple[Any, Iterable[str]]
State = tuple[Any, ...]


def conditional(responses: Any, query: Any = None) -> Callable[[Callable[..., Found]], Callable[..., Any]]:
    """For a view's action that returns `Found`: its documentation, and its answer as a conditional read."""
    parameters = [IF_NONE_MATCH] if query is None else [query, IF_NONE_MATCH]

    def mark(action: Callable[..., Found]) -> Callable[..., Any]:
        @extend_schema(parameters=parameters, responses={200: responses} | NOT_MODIFIED)
        @wraps(action)
        def read(view: Any, request: Request, **path: str) -> HttpResponse:
            if request.accepted_renderer.format != "json":
                return Response(action(view, request, **path)[0])
            return _answer(request, lambda: action(view, request, **path))

        return read

    return mark


def _answer(request: Request, make: Callable[[], Found]) -> HttpResponse:
    # The URLs in what is for one who may read all are signed, and age.
    for_all = settings.API_OPEN or not has_scope(request, READ)
    headers = {"Cache-Control": "no-cache" if for_all else "private, no-cache"}
    asked = _asked(request)
    state = _state() if asked and for_all else None
    etag = _noted.among(asked, request.get_full_path(), state)
    if etag is None:
        body, etag = _made(request, make, state)
        if ANY not in asked and etag not in asked:
            return HttpResponse(body, content_type="application/json", headers={**headers, "ETag": etag})
    return HttpResponse(status=304, headers={**headers, "ETag": etag})


def _asked(request: Request) -> set[str]:
    """The ETags of If-None-Match, compared weakly; `*` is any."""
    asked = request.headers.get("If-None-Match", "").strip()
    return {ANY} if asked == ANY else {tag.removeprefix("W/") for tag in parse_etags(asked)}


def _made(request: Request, make: Callable[[], Found], state: State | None) -> tuple[bytes, str]:
    """The body of an answer, of one moment, and its ETag."""
    began = time.time_ns()
    with one_moment():
        data, folders = make()
    body = dumps(data)
    etag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    if state:
        stamps = bucket.stamps(folders)
        if all(_is_settled(stamp, began) for stamp in stamps.values()):
            _noted.put(request.get_full_path(), etag, (state, stamps))
    return body, etag


def _is_settled(stamp: Any, began: int) -> bool:
    """Whether a folder has been the same since well before it was listed."""
    return stamp is not None and began - max(stamp[1:]) > TICK


class _Noted(local):
    """By URL and ETag: the state of the database before the answer was made, and the stamps of its folders."""

    def __init__(self) -> None:
        self.origins: dict[tuple[str, str], tuple[State, dict[str, Any]]] = {}

    def put(self, url: str, etag: str, origin: tuple[State, dict[str, Any]]) -> None:
        if len(self.origins) >= MOST_NOTED:
            self.origins.clear()
        self.origins[url, etag] = origin

    def among(self, asked: set[str], url: str, state: State | None) -> str | None:
        """The ETag of these whose answer would be the same today, as far as is known."""
        for etag in asked if state else ():
            noted = self.origins.get((url, etag))
            if noted and noted[0] == state and bucket.unchanged(noted[1]):
                return etag
        return None


_noted = _Noted()


def _state() -> State | None:
    """A token that differs between two states of the database, on this connection; None where it is not known.

    So it is within a transaction, which sees a state of its own, and where the connection is gone.
    """
    # Looked up once: `django.db.connection` does so for each attribute.
    database = connections[DEFAULT_DB_ALIAS]
    if database.in_atomic_block:
        return None
    try:
        database.ensure_connection()
        with database.wrap_database_errors:
            return database.connection, *STATES[database.vendor](database.connection)
    except Error:
        database.close_if_unusable_or_obsolete()
        return None


def _sqlite_state(connection: Any) -> State:
    return connection.execute("PRAGMA data_version").fetchone()[0], connection.total_changes


def _postgresql_state(connection: Any) -> State:
    """The visible transactions: as long as they are the same, so is all that can be read."""
    return tuple(connection.execute("SELECT pg_current_snapshot()::text").fetchone())


STATES: dict[str, Callable[[Any], State]] = {"sqlite": _sqlite_state, "postgresql": _postgresql_state}


# How a transaction begins that reads one state of the database.
# https://www.sqlite.org/isolation.html, https://www.postgresql.org/docs/current/transaction-iso.html
BEGIN = {
    "sqlite": "BEGIN DEFERRED",
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
}


@contextmanager
def one_moment() -> Iterator[None]:
    """All that the block reads is of one state of the database, whatever others write meanwhile; it writes nothing.

    Nobody waits for it: a transaction of Django's own would take SQLite's lock for writers.
    """
    if connection.in_atomic_block:
        yield
        return
    _say(BEGIN[connection.vendor])
    try:
        yield
    finally:
        _say("ROLLBACK")


def _say(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
