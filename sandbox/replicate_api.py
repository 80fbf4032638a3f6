"""Replicate's HTTP API, as far as it is used here.

Source: https://replicate.com/docs/reference/http and the pages it links to.
"""

import base64
import json
import re
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.counters import Counters
from sandbox.models import Model, find, problems
from sandbox.predictions import Predictions, Row, started_at, status_of
from sandbox.settings import Settings
from sandbox.throttle import Throttle
from sandbox.webhooks import Webhooks
from sandbox.wire import Half, Lost

PAGE = 100
BODY_KEYS = {"input", "version", "webhook", "webhook_events_filter", "stream"}
EVENTS = ["start", "output", "logs", "completed"]
LEAST_CANCEL_AFTER = 5


def problem(status: int, title: str, detail: str, **headers: str) -> JSONResponse:
    return JSONResponse({"detail": detail, "status": status, "title": title}, status, headers)


NOT_FOUND = ("Not found", "The requested resource could not be found.")


class ReplicateApi:
    def __init__(
        self, predictions: Predictions, settings: Settings, counters: Counters, webhooks: Webhooks, key: str
    ):
        self.predictions, self.settings, self.counters, self.key = predictions, settings, counters, key
        self.throttle = Throttle(settings, counters)
        self.webhooks = webhooks
        predictions.tell = self._tell

    def routes(self) -> list[Route]:
        guarded = [
            ("/v1/predictions", self.create, ["POST"]),
            ("/v1/predictions", self.list, ["GET"]),
            ("/v1/predictions/{id}", self.get, ["GET"]),
            ("/v1/predictions/{id}/cancel", self.cancel, ["POST"]),
            ("/v1/models/{owner}/{name}", self.model, ["GET"]),
            ("/v1/models/{owner}/{name}/predictions", self.create, ["POST"]),
            ("/v1/models/{owner}/{name}/versions/{version}", self.version, ["GET"]),
            ("/v1/webhooks/default/secret", self.secret, ["GET"]),
            ("/v1/account", self.account, ["GET"]),
            ("/v1/files", self.upload, ["POST"]),
            ("/v1/files/{id}", self.file, ["GET"]),
            ("/v1/files/{id}/download", self.file_content, ["GET"]),
        ]
        routes = [Route(path, self._guarded(call), methods=methods) for path, call, methods in guarded]
        return [
            *routes,
            Route("/delivery/inputs/{name}", self.input_file),
            Route("/delivery/{id}/{name}", self.deliver),
        ]

    def _guarded(self, call: Any) -> Any:
        async def answer(request: Request) -> Response:
            if request.headers.get("authorization") not in (f"Bearer {self.key}", f"Token {self.key}"):
                return problem(401, "Unauthenticated", "You did not pass a valid authentication token")
            return await call(request)

        return answer

    async def create(self, request: Request) -> Response:
        if refusal := self.throttle.refuse():
            return refusal
        try:
            body = await request.json()
        except (json.JSONDecodeError, UnicodeDecodeError):
            return problem(400, "Bad request", "The request body is not valid JSON.")
        reference = _reference(request, body)
        model = find(reference)
        if model is None:
            return problem(404, *NOT_FOUND) if "/" in reference else _no_version()
        if wrong := _body_problems(model, body):
            return problem(422, "Input validation failed", "\n".join(wrong) + "\n")
        try:
            cancel_after = _seconds(request.headers.get("cancel-after"))
        except ValueError as error:
            return problem(422, "Invalid Cancel-After", str(error))
        version = model.version_id if re.search(r"[0-9a-f]{64}$", body.get("version", "")) else "hidden"
        wanted = {
            "webhook": body.get("webhook"),
            "events": json.dumps(body.get("webhook_events_filter") or EVENTS),
            "origin": _origin(request),
        }
        made = self.predictions.create(model, version, body["input"], cancel_after=cancel_after, **wanted)
        return Lost() if self._loses() else await self._created(request, made)

    async def _created(self, request: Request, made: str) -> Response:
        prefer = re.search(r"\bwait(?:=(\d+))?", request.headers.get("prefer", ""))
        if prefer:
            await self.predictions.wait(made, min(60, int(prefer[1] or 60)))
        row = self._row(made)
        return JSONResponse(
            self._json(_origin(request), row), 202 if prefer and row["completed_at"] is None else 201
        )

    def _loses(self) -> bool:
        lose = self.settings.lose_answers
        self.counters.add("carried_out")
        number = self.counters.totals["carried_out"]
        if isinstance(lose, int) and lose > 0:
            self.settings.lose_answers = lose - 1
            lost = True
        else:
            lost = int(number * lose) > int((number - 1) * lose)
        self.counters.add("lost_answers", lost)
        return lost

    def _row(self, prediction_id: str) -> Row:
        row = self.predictions.get(prediction_id)
        if row is None:
            raise KeyError(prediction_id)
        return row

    async def get(self, request: Request) -> Response:
        row = self.predictions.get(request.path_params["id"])
        return JSONResponse(self._json(_origin(request), row)) if row else problem(404, *NOT_FOUND)

    async def cancel(self, request: Request) -> Response:
        self.predictions.cancel(request.path_params["id"])
        return await self.get(request)

    async def list(self, request: Request) -> Response:
        query = request.query_params
        try:
            times = [_moment(query.get("created_after"), 0), _moment(query.get("created_before"), 2**40)]
            below = int(base64.urlsafe_b64decode(query["cursor"])) if "cursor" in query else None
        except ValueError:
            return problem(400, "Bad request", "created_after, created_before or cursor cannot be read.")
        rows = self.predictions.page(*times, below, PAGE + 1)
        following = None
        if len(rows) > PAGE:
            cursor = base64.urlsafe_b64encode(str(rows[PAGE - 1]["number"]).encode()).decode()
            following = str(request.url.include_query_params(cursor=cursor))
        results = [self._json(_origin(request), row) for row in rows[:PAGE]]
        return JSONResponse({"previous": None, "next": following, "results": results})

    def _tell(self, prediction_id: str, event: str) -> None:
        row = self._row(prediction_id)
        if row["webhook"] and event in json.loads(row["events"]):
            self.webhooks.send(row["webhook"], self._json(row["origin"], row))

    async def secret(self, request: Request) -> Response:
        return JSONResponse({"key": self.webhooks.shown_secret})

    def _json(self, origin: str, row: Row) -> dict[str, Any]:
        own = f"{origin}/v1/predictions/{row['id']}"
        removed, status = self._is_removed(row), status_of(row)
        begun, ended = started_at(row), row["completed_at"]
        ends = {"started_at": iso(begun), "completed_at": iso(ended)}
        spent = (
            {"predict_time": ended - begun, "total_time": ended - row["created_at"]}
            if begun and ended
            else {}
        )
        return {
            "id": row["id"],
            "model": row["model"],
            "version": row["version"],
            "input": {} if removed else _with_origin(json.loads(row["input"]), origin),
            "logs": "",
            "output": None if removed else self._output(row, origin),
            "data_removed": removed,
            "error": row["error"],
            "source": "api",
            "status": status,
            "created_at": iso(row["created_at"]),
            **{name: value for name, value in ends.items() if value},
            **({"deadline": iso(row["deadline"])} if row["deadline"] else {}),
            "metrics": spent,
            "urls": {"get": own, "cancel": f"{own}/cancel", "web": f"{origin}/p/{row['id']}"},
        }

    def _output(self, row: Row, origin: str) -> Any:
        if not row["file"]:
            return json.loads(row["output"]) if row["output"] else None
        address = f"{origin}/delivery/{row['id']}/output.{row['file'].rpartition('.')[2]}"
        shape = self.settings.shape
        return address if shape is None else json.loads(json.dumps(shape).replace("FILE", address))

    def _is_removed(self, row: Row) -> bool:
        return bool(row["completed_at"]) and time.time() > row["completed_at"] + self.settings.retention

    async def model(self, request: Request) -> Response:
        found = find("{owner}/{name}".format(**request.path_params))
        return JSONResponse(found.as_json()) if found else problem(404, *NOT_FOUND)

    async def version(self, request: Request) -> Response:
        found = find("{owner}/{name}:{version}".format(**request.path_params))
        return JSONResponse(found.as_json()["latest_version"]) if found else problem(404, *NOT_FOUND)

    async def account(self, request: Request) -> Response:
        return JSONResponse({"type": "user", "username": "sandbox", "name": "Sandbox", "github_url": None})

    async def upload(self, request: Request) -> Response:
        async with request.form() as form:
            content = form.get("content")
            if content is None or isinstance(content, str):
                return problem(400, "Bad request", "Send the file as the form field content.")
            data = await content.read()
            row = {"id": secrets.token_urlsafe(24), "name": content.filename, "size": len(data)}
            row |= {"content_type": content.content_type, "created_at": time.time()}
        (self.predictions.uploads / row["id"]).write_bytes(data)
        sql = "INSERT INTO uploads (id, name, size, content_type, created_at) VALUES (?, ?, ?, ?, ?)"
        self.predictions.database.run(sql, tuple(row.values()))
        return JSONResponse(_file_json(request, row), 201)

    def _upload_row(self, request: Request) -> Row | None:
        sql = "SELECT * FROM uploads WHERE id = ?"
        return self.predictions.database.row(sql, (request.path_params["id"],))

    async def file(self, request: Request) -> Response:
        row = self._upload_row(request)
        return JSONResponse(_file_json(request, row)) if row else problem(404, *NOT_FOUND)

    async def file_content(self, request: Request) -> Response:
        row = self._upload_row(request)
        if row is None:
            return problem(404, *NOT_FOUND)
        return FileResponse(self.predictions.uploads / row["id"], media_type=row["content_type"])

    async def input_file(self, request: Request) -> Response:
        path = self.predictions.local_file(request.url.path)
        return FileResponse(path) if path else problem(404, *NOT_FOUND)

    async def deliver(self, request: Request) -> Response:
        row = self.predictions.get(request.path_params["id"])
        if row is None or not row["file"] or row["fault"] == "expired" or self._is_removed(row):
            return problem(404, *NOT_FOUND)
        path = self.settings.deliver or self.predictions.made / row["file"]
        response = FileResponse(path, media_type=_media_type(row))
        return Half(response) if self._truncates() else response

    def _truncates(self) -> bool:
        left = self.settings.truncate_downloads
        if isinstance(left, int) and not isinstance(left, bool) and left > 0:
            self.settings.truncate_downloads = left - 1
        return bool(left)


def _origin(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _reference(request: Request, body: Any) -> str:
    if "owner" in request.path_params:
        return "{owner}/{name}".format(**request.path_params)
    version = body.get("version") if isinstance(body, dict) else None
    return version if isinstance(version, str) else ""


def _no_version() -> Response:
    detail = "The specified version does not exist (or perhaps you don't have permission to use it?)"
    return problem(422, "Invalid version or not permitted", detail)


def _body_problems(model: Model, body: dict[str, Any]) -> list[str]:
    if not isinstance(body.get("input"), dict):
        return ["- input is required"]
    unknown = [f"- Additional property {name} is not allowed" for name in body if name not in BODY_KEYS]
    return unknown + problems(model, body["input"])


def _seconds(text: str | None) -> float | None:
    """``30``, ``30s``, ``5m`` or ``1h30m45s`` in seconds."""
    if text is None:
        return None
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", text.strip())
    parts = found.groups() if found else ()
    total = sum(int(part or 0) * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    if total < LEAST_CANCEL_AFTER:
        raise ValueError("Cancel-After must be a duration of at least 5 seconds, such as 30s or 1h30m45s.")
    return total


def _moment(text: str | None, default: float) -> float:
    if text is None:
        return default
    moment = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign that nobody encoded
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def iso(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _with_origin(given: dict[str, Any], origin: str) -> dict[str, Any]:
    own = "/delivery/inputs/"
    return {
        name: origin + value if isinstance(value, str) and value.startswith(own) else value
        for name, value in given.items()
    }


def _media_type(row: Row) -> str:
    if row["fault"] == "html":
        return "text/html"
    types = {"webp": "image/webp", "mp4": "video/mp4", "mp3": "audio/mpeg", "wav": "audio/wav"}
    return types.get(row["file"].rpartition(".")[2], "application/octet-stream")


def _file_json(request: Request, row: Row) -> dict[str, Any]:
    own = f"{request.base_url}v1/files/{row['id']}"
    expires = iso(row["created_at"] + 86400)
    return {
        "id": row["id"],
        "name": row["name"],
        "content_type": row["content_type"],
        "size": row["size"],
        "metadata": {},
        "etag": row["id"],
        "checksums": {},
        "created_at": iso(row["created_at"]),
        "expires_at": expires,
        "urls": {"get": own},
    }
