"""Reads that cost little when nothing has changed: an ETag, a 304, and answers that are kept until something does.

An answer is kept for as long as its database and its folders say that they are the same. SQLite counts what it
commits (https://www.sqlite.org/pragma.html#pragma_data_version), PostgreSQL numbers transactions and tells which of
them can be seen (https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT), and a folder
has a time of change; they are asked for each request, so that nobody who writes has to tell anyone.
"""

import hashlib
import time
from collections import OrderedDict
from functools import wraps
from threading import local

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connection, connections
from django.http import HttpResponse
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from storage import bucket

from .moment import one_moment
from .permissions import has_scope
from .renderers import dumps
from .roles import READ

# By each thread.
KEPT_ANSWERS, KEPT_BYTES = 64, 256 * 1024
# A folder that changed so lately may change again without its time telling (in nanoseconds).
TICK = 1_000_000_000

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of what one has."
)
NOT_MODIFIED = {304: OpenApiResponse(description="What one has is what there is.")}


class Kept(local):
    """The answers that one thread keeps, for the connection to the database that it has."""

    connection = None

    def of(self, raw):
        if self.connection is not raw:
            self.connection, self.answers, self.size = raw, OrderedDict(), 0
        return self

    def get(self, key, state):
        """The body and ETag that were kept under `key`; None when anything has changed since."""
        found = self.answers.get(key)
        if not found or found[0] != state or not bucket.unchanged(found[1]):
            return None
        self.answers.move_to_end(key)
        return found[2]

    def put(self, key, state, folders, answer):
        self._drop(key)
        self.answers[key] = state, folders, answer
        self.size += len(answer[0])
        while self.size > KEPT_BYTES or len(self.answers) > KEPT_ANSWERS:
            self._drop(next(iter(self.answers)))

    def _drop(self, key):
        if found := self.answers.pop(key, None):
            self.size -= len(found[2][0])


kept = Kept()


class FreshViewSet(ViewSet):
    """Views whose actions are `reads`: what is kept for everybody is given before the request is looked at closely."""

    def dispatch(self, request, *args, **kwargs):
        return _at_once(self, request) or super().dispatch(request, *args, **kwargs)


def _at_once(view, request):
    """The answer that is kept for this request, as the view would give it; None where there is none.

    Only a request that nobody is known by is sure to get everybody's. What it accepts was weighed when the answer was
    made, whose key has it.
    """
    if request.method != "GET" or not (settings.API_OPEN or is_nobodys(request)):
        return None
    state = _state()
    found = state and kept.of(connection.connection).get(_key(request), state)
    return _response(request, *found, for_all=True, **_headers(view)) if found else None


def _headers(view):
    """Those that REST framework gives to the view's answers, and what Django adds where a session is looked for."""
    found = view.default_response_headers
    return found if settings.API_OPEN else {**found, "Vary": f"{found['Vary']}, Cookie"}


def is_nobodys(request):
    """Whether a request comes with neither token nor login."""
    return "HTTP_AUTHORIZATION" not in request.META and settings.SESSION_COOKIE_NAME not in request.COOKIES


def _key(request):
    return request.get_full_path(), request.META.get("HTTP_ACCEPT"), settings.API_OPEN


def reads(responses, query=None):
    """For a view's action that returns `(data, folders)`: its documentation, and `answer` for what it returns."""
    parameters = [IF_NONE_MATCH] if query is None else [query, IF_NONE_MATCH]

    def mark(action):
        @extend_schema(parameters=parameters, responses={200: responses} | NOT_MODIFIED)
        @wraps(action)
        def read(view, request, **path):
            return answer(request, lambda: action(view, request, **path))

        return read

    return mark


def answer(request, make):
    """The response for `make() -> (data, folders)`: what the answer says, and whose files it speaks of."""
    if request.accepted_renderer.format != "json":
        return Response(make()[0])
    return _response(request, *_made(request, make), for_all=_is_everybodys(request))


def _response(request, body, etag, *, for_all, **headers):
    headers |= {"ETag": etag, "Cache-Control": "no-cache" if for_all else "private, no-cache"}
    if _has_it(request, etag):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, content_type="application/json", headers=headers)


def _made(request, make):
    state = _state() if _is_everybodys(request) else None
    if state is None:
        with one_moment():
            data, _ = make()
        return _rendered(data)
    answers, key = kept.of(connection.connection), _key(request)
    if found := answers.get(key, state):
        return found
    began = time.time_ns()
    with one_moment():
        data, folders = make()
    made = _rendered(data)
    stamps = bucket.stamps(folders)
    if all(_is_settled(stamp, began) for stamp in stamps.values()) and _state() == state:
        answers.put(key, state, stamps, made)
    return made


def remembered(key, ask):
    """What `ask()` finds in the database, asked again only once anything there has changed."""
    state = _state()
    if state is None:
        return ask()
    answers = kept.of(connection.connection)
    if found := answers.get(key, state):
        return found[1]
    value = ask()
    if _state() == state:
        answers.put(key, state, {}, (b"", value))
    return value


def _rendered(data):
    body = dumps(data)
    return body, f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def _is_everybodys(request):
    """Whether whoever asks gets this answer; one who may read more gets signed addresses, which age."""
    return settings.API_OPEN or not has_scope(request, READ)


def _state():
    """What tells one state of the database from the next; None where that is not known.

    So it is within a transaction, which sees a state of its own, and where the connection is gone: whoever needs
    more than this is given another one, or says that there is none.
    """
    # Looked up once: `django.db.connection` does so for each attribute.
    database = connections[DEFAULT_DB_ALIAS]
    if database.in_atomic_block:
        return None
    try:
        database.ensure_connection()
        with database.wrap_database_errors:
            return STATES[database.vendor](database.connection)
    except Error:
        database.close_if_unusable_or_obsolete()
        return None


def _sqlite_state(raw):
    return raw.execute("PRAGMA data_version").fetchone()[0], raw.total_changes


def _postgresql_state(raw):
    """Which transactions can be seen: as long as they are the same, so is all that can be read."""
    return raw.execute("SELECT pg_current_snapshot()::text").fetchone()[0]


STATES = {"sqlite": _sqlite_state, "postgresql": _postgresql_state}


def _is_settled(stamp, began):
    """Whether a folder has been the same since well before it was listed."""
    return stamp is not None and began - stamp[1] > TICK


def _has_it(request, etag):
    asked = request.headers.get("If-None-Match")
    return bool(asked) and (
        asked.strip() == "*" or etag in {tag.removeprefix("W/") for tag in parse_etags(asked)}
    )
