"""PostgREST's HTTP API over the mirrored tables.

Source: https://docs.postgrest.org/en/v14/references/api.html
"""

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox import rest_errors as errors
from sandbox.counters import Counters
from sandbox.database import Database
from sandbox.rest_errors import RestError
from sandbox.rest_query import parse_count, parse_narrowing, parse_select
from sandbox.rest_schema import TABLES, Table, to_stored, visible_table
from sandbox.rest_tables import Row, Tables
from sandbox.settings import Settings

LONGEST_QUERY = 50_000  # bytes; servers in front of PostgREST refuse addresses of about that length
OBJECT = "application/vnd.pgrst.object+json"


def admits(request: Request, key: str) -> bool:
    """Whether a request carries the key. A secret key is no JWT: it counts in ``apikey``, and not from a browser.

    Source: https://supabase.com/docs/guides/api/api-keys
    """
    given = request.headers.get("apikey", "")
    if key.startswith("sb_secret_"):
        return given == key and "Mozilla" not in request.headers.get("user-agent", "")
    return key in (given, request.headers.get("authorization", "").removeprefix("Bearer "))


def refusal(request: Request) -> Response:
    """The gateway's 401, see https://supabase.com/docs/guides/troubleshooting."""
    message = (
        "Invalid API key"
        if {"apikey", "authorization"} & set(request.headers)
        else "No API key found in request"
    )
    hint = "Double check your Supabase `anon` or `service_role` API key."
    return JSONResponse({"message": message, "hint": hint}, 401)


class Preferences:
    """The ``Prefer`` headers of a request."""

    def __init__(self, request: Request):
        parts = ",".join(request.headers.getlist("prefer")).split(",")
        pairs = (part.strip().partition("=") for part in parts if part.strip())
        self.values = {name: value for name, _, value in pairs}
        self.returns = self.values.get("return", "minimal")
        self.counts = "count" in self.values
        self.missing_is_default = self.values.get("missing") == "default"
        self.resolution = self.values.get("resolution")

    def check_affected(self, count: int) -> None:
        most = self.values.get("max-affected")
        if most and self.values.get("handling") == "strict" and count > int(most):
            raise errors.too_many_affected(int(most), count)


class RestApi:
    def __init__(self, database: Database, settings: Settings, counters: Counters, key: str):
        self.tables, self.settings, self.counters, self.key = (
            Tables(database, settings),
            settings,
            counters,
            key,
        )

    def routes(self) -> list[Route]:
        methods = ["GET", "HEAD", "POST", "PATCH", "DELETE"]
        return [
            Route("/rest/v1/", self.root),
            Route("/rest/v1/rpc/{name}", self.no_function, methods=["GET", "POST"]),
            Route("/rest/v1/{table}", self.serve, methods=methods),
        ]

    async def root(self, request: Request) -> Response:
        if not admits(request, self.key):
            return refusal(request)
        shown = [
            visible_table(name, self.settings) for name in TABLES if name not in self.settings.missing_tables
        ]
        definitions = {
            table.name: {
                "required": [name for name, column in table.columns.items() if column.required],
                "properties": {name: {"format": column.kind} for name, column in table.columns.items()},
                "type": "object",
            }
            for table in shown
        }
        return JSONResponse({"swagger": "2.0", "definitions": definitions})

    async def no_function(self, request: Request) -> Response:
        name = request.path_params["name"]
        message = f"Could not find the function public.{name} in the schema cache"
        return RestError(404, "PGRST202", message).response()

    async def serve(self, request: Request) -> Response:
        if not admits(request, self.key):
            return refusal(request)
        if len(request.url.query) > LONGEST_QUERY:
            return PlainTextResponse("Bad Request", 400)
        calls: dict[str, Callable] = {"POST": self.insert, "PATCH": self.update, "DELETE": self.delete}
        body = await request.body()
        try:
            table = visible_table(request.path_params["table"], self.settings)
            return calls.get(request.method, self.read)(request, table, body)
        except RestError as error:
            return error.response()

    def read(self, request: Request, table: Table, body: bytes) -> Response:
        query, prefer = request.query_params, Preferences(request)
        items = parse_select(query.get("select", "*"))
        narrowing = parse_narrowing(query.multi_items(), items)
        where, values = self.tables.where(table, narrowing, items)
        offset, limit = _window(request)
        most = min(self.settings.max_rows, self.settings.max_rows if limit is None else limit)
        total = self.tables.count(table, where, values) if prefer.counts else None
        if total is not None and offset > total:
            raise errors.past_the_end(offset, total)
        limits = f"LIMIT {most} OFFSET {offset}"
        rows = self.tables.select(
            table, where, values, self.tables.order(table, query.get("order"), items), limits
        )
        altered = self.settings.altered_rows.get(table.name, {})
        shaped = [
            altered.get(str(row["id"]), shown)
            for row, shown in zip(rows, self.tables.shape(table, rows, items, narrowing), strict=True)
        ]
        partial = total is not None and len(rows) < total
        headers = {"Content-Range": _content_range(offset, len(rows), total)}
        return _answer(request, shaped, 206 if partial else 200, headers)

    def insert(self, request: Request, table: Table, body: bytes) -> Response:
        prefer, payload = Preferences(request), _json(body)
        given = payload if isinstance(payload, list) else [payload]
        columns = _written_columns(request, table, given)
        target = request.query_params.get("on_conflict", "id").split(",")
        rows = [self.tables.complete(table, row, columns, prefer.missing_is_default) for row in given]
        written = self.tables.insert(table, rows, columns, prefer.resolution, target)
        self.counters.add("rows_written", len(written))
        return self._written(
            request, table, lambda: self.tables.by_key(table, written), len(written), 201, 201
        )

    def update(self, request: Request, table: Table, body: bytes) -> Response:
        prefer, payload = Preferences(request), _json(body)
        where, values = self._filters(request, table, "UPDATE")
        if not isinstance(payload, dict):
            raise errors.bad_json()
        for name in payload:
            if name not in table.columns:
                raise errors.unknown_written_column(table.name, name)
        prefer.check_affected(self.tables.count(table, where, values))
        changes = {name: to_stored(value, table.columns[name]) for name, value in payload.items()}
        written = self.tables.update(table, changes, where, values) if changes else []
        self.counters.add("rows_written", len(written))
        return self._written(
            request, table, lambda: self.tables.by_key(table, written), len(written), 200, 204
        )

    def delete(self, request: Request, table: Table, body: bytes) -> Response:
        where, values = self._filters(request, table, "DELETE")
        Preferences(request).check_affected(self.tables.count(table, where, values))
        rows = self.tables.delete(table, where, values)
        self.counters.add("rows_deleted", len(rows))
        return self._written(request, table, lambda: rows, len(rows), 200, 204)

    def _filters(self, request: Request, table: Table, verb: str) -> tuple[str, list]:
        """Hosted Supabase refuses to change every row at once (the safeupdate extension)."""
        query = request.query_params
        items = parse_select(query.get("select", "*"))
        where, values = self.tables.where(table, parse_narrowing(query.multi_items(), items))
        if not where:
            raise errors.without_where(verb)
        return where, values

    def _written(
        self, request: Request, table: Table, rows: Callable, count: int, shown: int, silent: int
    ) -> Response:
        prefer = Preferences(request)
        headers = {"Content-Range": f"*/{count if prefer.counts else '*'}"}
        if prefer.returns != "representation":
            return Response(status_code=silent, headers=headers)
        items = parse_select(request.query_params.get("select", "*"))
        return _answer(request, self.tables.shape(table, rows(), items), shown, headers)


def _json(body: bytes) -> Any:
    try:
        payload = json.loads(body)
    except ValueError as error:
        raise errors.bad_json() from error
    if not isinstance(payload, dict | list):
        raise errors.bad_json()
    return payload


def _written_columns(request: Request, table: Table, given: list[Any]) -> list[str]:
    """The columns that an insert names. Raises RestError for an unknown one, or if the rows' keys differ."""
    if any(not isinstance(row, dict) for row in given):
        raise errors.bad_json()
    asked = request.query_params.get("columns")
    columns = [name.strip('"') for name in asked.split(",")] if asked else list(given[0] if given else {})
    for name in columns:
        if name not in table.columns:
            raise errors.unknown_written_column(table.name, name)
    if not asked and any(set(row) != set(columns) for row in given):
        raise errors.bad_json("All object keys must match")
    return columns


def _window(request: Request) -> tuple[int, int | None]:
    """Offset and limit, from the query string or else from the ``Range`` header."""
    query = request.query_params
    offset, limit = parse_count("offset", query.get("offset")), parse_count("limit", query.get("limit"))
    first, dash, last = request.headers.get("range", "").removeprefix("items=").partition("-")
    if dash and first.isdigit() and offset is None and limit is None:
        return int(first), int(last) - int(first) + 1 if last.isdigit() else None
    return offset or 0, limit


def _content_range(offset: int, count: int, total: int | None) -> str:
    shown = f"{offset}-{offset + count - 1}" if count else "*"
    return f"{shown}/{'*' if total is None else total}"


def _answer(request: Request, rows: list[Row], status: int, headers: dict[str, str]) -> Response:
    content: Any = rows
    media_type = "application/json"
    if request.headers.get("accept", "").startswith(OBJECT):
        if len(rows) != 1:
            raise errors.not_single(len(rows))
        content, media_type = rows[0], OBJECT
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, headers, media_type)
