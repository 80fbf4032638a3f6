"""Supabase Storage's HTTP API over one public bucket.

Source: https://supabase.github.io/storage/ and the behaviour of its server.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from collections.abc import Awaitable, Callable
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.counters import Counters
from sandbox.replicate_api import iso
from sandbox.rest_api import admits, refusal
from sandbox.settings import Settings
from sandbox.storage_listing import metadata, one_level, whole_tree
from sandbox.storage_store import BUCKETS, Row, Store
from sandbox.wire import given

KEY = re.compile(r"[A-Za-z0-9_/!.*'() &$=@;:+,?-]*")
MOST_REMOVED = 1000
SMALL = 256 * 1024  # such contents are served from memory
Call = Callable[[Request], Awaitable[Response]]


class StorageError(Exception):
    """Storage answers 400, with the real status in the body."""

    def __init__(self, status: int, error: str, message: str):
        super().__init__(message)
        self.body = {"statusCode": str(status), "error": error, "message": message}

    def response(self) -> Response:
        return JSONResponse(self.body, 400)


OBJECT_MISSING = (404, "not_found", "Object not found")
DUPLICATE = (409, "Duplicate", "The resource already exists")


class StorageApi:
    def __init__(self, store: Store, settings: Settings, counters: Counters, key: str):
        self.store, self.settings, self.counters, self.key = store, settings, counters, key

    def routes(self) -> list[Route]:
        guarded = [
            ("bucket", self.buckets, ["GET"]),
            ("bucket/{bucket}", self.bucket, ["GET"]),
            ("object/list/{bucket}", self.list, ["POST"]),
            ("object/list-v2/{bucket}", self.list_v2, ["POST"]),
            ("object/move", self.move, ["POST"]),
            ("object/copy", self.copy, ["POST"]),
            ("object/info/{bucket}/{name:path}", self.info, ["GET"]),
            ("object/info/authenticated/{bucket}/{name:path}", self.info, ["GET"]),
            ("object/authenticated/{bucket}/{name:path}", self.download, ["GET"]),
            ("object/sign/{bucket}/{name:path}", self.sign, ["POST"]),
            ("object/{bucket}", self.remove, ["DELETE"]),
            ("object/{bucket}/{name:path}", self.upload, ["POST", "PUT"]),
            ("object/{bucket}/{name:path}", self.download, ["GET"]),
            ("object/{bucket}/{name:path}", self.remove_one, ["DELETE"]),
        ]
        unguarded = [
            ("object/public/{bucket}/{name:path}", self.download, ["GET"]),
            ("object/info/public/{bucket}/{name:path}", self.info, ["GET"]),
            ("object/sign/{bucket}/{name:path}", self.download_signed, ["GET"]),
        ]
        calls = [(path, self._answers(call, False), methods) for path, call, methods in unguarded]
        calls += [(path, self._answers(call, True), methods) for path, call, methods in guarded]
        return [Route(f"/storage/v1/{path}", call, methods=methods) for path, call, methods in calls]

    def _answers(self, call: Call, guarded: bool) -> Call:
        async def answer(request: Request) -> Response:
            if guarded and not admits(request, self.key):
                return refusal(request)
            try:
                return await call(request)
            except StorageError as error:
                return error.response()

        return answer

    async def buckets(self, request: Request) -> Response:
        return JSONResponse([_bucket_json(name) for name in BUCKETS])

    async def bucket(self, request: Request) -> Response:
        return JSONResponse(_bucket_json(_bucket_of(request)))

    async def list(self, request: Request) -> Response:
        bucket = request.path_params["bucket"]
        try:
            found = one_level(self.store, bucket, asked := await _json(request))
        except ValueError as error:
            raise StorageError(400, "invalid_request", str(error)) from error
        folder, altered = (asked.get("prefix") or "").rstrip("/"), self.settings.altered_files
        if whole := altered.get(f"{folder}/"):
            return given(whole)
        return JSONResponse([altered.get(f"{folder}/{entry['name']}", entry) for entry in found])

    async def list_v2(self, request: Request) -> Response:
        asked, altered = await _json(request), self.settings.altered_files
        if whole := altered.get(asked.get("prefix") or "/"):
            return given(whole)
        found = whole_tree(self.store, request.path_params["bucket"], asked)
        found["objects"] = [altered.get(entry["key"], entry) for entry in found["objects"]]
        return JSONResponse(found)

    async def upload(self, request: Request) -> Response:
        bucket, name = _bucket_of(request), _name_of(request)
        replaces = request.method == "PUT" or request.headers.get("x-upsert") == "true"
        if not replaces and self.store.get(bucket, name):
            raise StorageError(*DUPLICATE)
        content, about = await self._received(request)
        if content["size"] > self.settings.file_size_limit:
            self.store.discard(content)
            raise StorageError(413, "Payload too large", "The object exceeded the maximum allowed size")
        row = self.store.put(bucket, name, content, about)
        self.counters.add("files_written")
        return JSONResponse({"Id": row["id"], "Key": f"{bucket}/{name}"})

    async def _received(self, request: Request) -> tuple[Row, Row]:
        """The content, written to disk, and its metadata in the request."""
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            return await self._received_raw(request)
        async with request.form() as form:
            file = next((value for value in form.values() if isinstance(value, UploadFile)), None)
            if file is None:
                raise StorageError(400, "invalid_request", "The form holds no file")
            given = form.get("metadata")
            about = {
                "mimetype": file.content_type or "text/plain;charset=UTF-8",
                "cache_control": _max_age(form.get("cacheControl")),
                "metadata": given if isinstance(given, str) else None,
            }
            if (file.size or 0) <= SMALL:
                return self._keep(file.file), about
            return await run_in_threadpool(self._keep, file.file), about

    def _keep(self, content: BinaryIO) -> Row:
        return self.store.receive(content, self.settings.part_size)

    async def _received_raw(self, request: Request) -> tuple[Row, Row]:
        about = {
            "mimetype": request.headers.get("content-type", "text/plain;charset=UTF-8"),
            "cache_control": request.headers.get("cache-control", "no-cache"),
            "metadata": _decoded(request.headers.get("x-metadata")),
        }
        with SpooledTemporaryFile(max_size=SMALL) as file:
            async for piece in request.stream():
                file.write(piece)
            file.seek(0)
            return self._keep(file), about

    def _object(self, request: Request) -> Row:
        row = self.store.get(_bucket_of(request), _name_of(request))
        if row is None:
            raise StorageError(*OBJECT_MISSING)
        return row

    async def download(self, request: Request) -> Response:
        row = self._object(request)
        tag = f'"{row["etag"]}"'
        headers = {"ETag": tag, "Cache-Control": row["cache_control"], "Accept-Ranges": "bytes"}
        headers |= _disposition(request.query_params.get("download"))
        known = [
            part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")
        ]
        if tag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        if row["size"] <= SMALL and "range" not in request.headers and request.method == "GET":
            return Response(self.store.path(row).read_bytes(), 200, headers, row["mimetype"])
        return FileResponse(self.store.path(row), 200, headers, row["mimetype"])

    async def info(self, request: Request) -> Response:
        row = self._object(request)
        return JSONResponse(
            {
                "id": row["id"],
                "name": row["name"],
                "version": row["blob"],
                "bucket_id": row["bucket"],
                "size": row["size"],
                "content_type": row["mimetype"],
                "cache_control": row["cache_control"],
                "etag": metadata(row)["eTag"],
                "metadata": json.loads(row["metadata"]) if row["metadata"] else {},
                "last_modified": iso(row["updated_at"]),
                "created_at": iso(row["created_at"]),
            }
        )

    async def remove(self, request: Request) -> Response:
        bucket = _bucket_of(request)
        names = (await _json(request)).get("prefixes")
        if not isinstance(names, list) or not 1 <= len(names) <= MOST_REMOVED:
            raise StorageError(400, "invalid_request", f"body/prefixes must have 1 to {MOST_REMOVED} items")
        removed = [row for name in names if (row := self.store.delete(bucket, name))]
        self.counters.add("files_deleted", len(removed))
        return JSONResponse([_removed_json(row) for row in removed])

    async def remove_one(self, request: Request) -> Response:
        row = self._object(request)
        self.store.delete(row["bucket"], row["name"])
        self.counters.add("files_deleted")
        return JSONResponse({"message": "Successfully deleted"})

    async def _source_and_target(self, request: Request) -> tuple[Row, str]:
        body = await _json(request)
        bucket, target = body.get("bucketId"), body.get("destinationKey", "")
        source = self.store.get(bucket, body.get("sourceKey", ""))
        if source is None:
            raise StorageError(*OBJECT_MISSING)
        _check_name(target)
        if self.store.get(bucket, target) and request.headers.get("x-upsert") != "true":
            raise StorageError(*DUPLICATE)
        return source, target

    async def move(self, request: Request) -> Response:
        source, target = await self._source_and_target(request)
        self.store.delete(source["bucket"], target)
        self.store.move(source, target)
        return JSONResponse({"message": "Successfully moved"})

    async def copy(self, request: Request) -> Response:
        source, target = await self._source_and_target(request)
        row = self.store.copy(source, target)
        self.counters.add("files_written")
        return JSONResponse({"Id": row["id"], "Key": f"{row['bucket']}/{target}"})

    async def sign(self, request: Request) -> Response:
        row = self._object(request)
        expires = int(time.time()) + int((await _json(request)).get("expiresIn", 60))
        token = f"{expires}.{self._signature(row, expires)}"
        return JSONResponse({"signedURL": f"/object/sign/{row['bucket']}/{row['name']}?token={token}"})

    def _signature(self, row: Row, expires: int) -> str:
        text = f"{row['bucket']}/{row['name']} {expires}"
        return hmac.new(self.key.encode(), text.encode(), hashlib.sha256).hexdigest()

    async def download_signed(self, request: Request) -> Response:
        row = self._object(request)
        expires, _, signature = request.query_params.get("token", "").partition(".")
        valid = expires.isdigit() and hmac.compare_digest(signature, self._signature(row, int(expires)))
        if not valid or int(expires) < time.time():
            raise StorageError(400, "InvalidJWT", "jwt expired" if valid else "invalid signature")
        return await self.download(request)


def _bucket_of(request: Request) -> str:
    bucket = request.path_params["bucket"]
    if bucket not in BUCKETS:
        raise StorageError(404, "Bucket not found", "Bucket not found")
    return bucket


def _name_of(request: Request) -> str:
    name = request.path_params["name"]
    _check_name(name)
    return name


def _check_name(name: str) -> None:
    """Object names are S3-safe characters, see https://supabase.com/docs/guides/storage/uploads/file-limits."""
    if not name or not KEY.fullmatch(name):
        raise StorageError(400, "InvalidKey", f"Invalid key: {name}")


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise StorageError(400, "invalid_request", "Body is not valid JSON") from error
    if not isinstance(body, dict):
        raise StorageError(400, "invalid_request", "body must be object")
    return body


def _max_age(value: Any) -> str:
    return f"max-age={value}" if isinstance(value, str) and value.isdigit() else "no-cache"


def _decoded(header: str | None) -> str | None:
    try:
        return base64.b64decode(header).decode() if header else None
    except (binascii.Error, UnicodeDecodeError) as error:
        raise StorageError(400, "invalid_request", "x-metadata must be base64") from error


def _disposition(download: str | None) -> dict[str, str]:
    """The header that makes a browser save the file, for ``?download`` and ``?download=NAME``."""
    if download is None:
        return {}
    name = quote(download, safe="")
    named = f"; filename={name}; filename*=UTF-8''{name};" if name else ""
    return {"Content-Disposition": f"attachment{named}"}


def _bucket_json(name: str) -> dict[str, Any]:
    created = iso(0)
    limits = {"file_size_limit": None, "allowed_mime_types": None, "type": "STANDARD"}
    times = {"created_at": created, "updated_at": created}
    return {"id": name, "name": name, "owner": "", "public": True, **limits, **times}


def _removed_json(row: Row) -> dict[str, Any]:
    times = {"created_at": iso(row["created_at"]), "updated_at": iso(row["updated_at"])}
    about = {"version": row["blob"], "metadata": metadata(row), "owner": None}
    return {"name": row["name"], "id": row["id"], "bucket_id": row["bucket"], **times, **about}
