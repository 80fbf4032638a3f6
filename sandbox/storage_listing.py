"""Supabase Storage's two listings."""

import base64
from typing import Any

from sandbox.replicate_api import iso
from sandbox.storage_store import Row, Store

DEFAULT_LIMIT, MOST, MOST_V2 = 100, 1500, 1000
SORTABLE = ("name", "created_at", "updated_at", "last_accessed_at")


def metadata(row: Row) -> dict[str, Any]:
    changed = iso(row["updated_at"])
    return {
        "eTag": f'"{row["etag"]}"',
        "size": row["size"],
        "mimetype": row["mimetype"],
        "cacheControl": row["cache_control"],
        "lastModified": changed,
        "contentLength": row["size"],
        "httpStatusCode": 200,
    }


def _file(row: Row, name: str) -> dict[str, Any]:
    changed = iso(row["updated_at"])
    times = {"updated_at": changed, "created_at": iso(row["created_at"]), "last_accessed_at": changed}
    return {"name": name, "id": row["id"], **times, "metadata": metadata(row)}


def _folder(name: str) -> dict[str, Any]:
    nothing = ("id", "updated_at", "created_at", "last_accessed_at", "metadata")
    return {"name": name} | dict.fromkeys(nothing)


def one_level(store: Store, bucket: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Files and folders directly below ``prefix`` whose names start with ``search``. Raises ValueError."""
    prefix = body.get("prefix") or ""
    limit, offset = body.get("limit", DEFAULT_LIMIT), body.get("offset", 0)
    if not isinstance(limit, int) or limit < 1:
        raise ValueError("body/limit must be >= 1")
    below = prefix + "/" if prefix and not prefix.endswith("/") else prefix
    depth, items, folders = below.count("/"), [], set()
    for row in store.starting_with(bucket, below + (body.get("search") or "")):
        name, *deeper = row["name"].split("/")[depth:]
        if not deeper:
            items.append(_file(row, name))
        elif name not in folders:
            folders.add(name)
            items.append(_folder(name))
    return _sorted(items, body.get("sortBy") or {})[offset : offset + min(limit, MOST)]


def _sorted(items: list[dict[str, Any]], by: dict[str, str]) -> list[dict[str, Any]]:
    column, order = by.get("column") or "name", by.get("order") or "asc"
    if column not in SORTABLE:
        raise ValueError(f"body/sortBy/column must be one of {', '.join(SORTABLE)}")
    return sorted(items, key=lambda item: (item[column] or "", item["name"]), reverse=order.lower() == "desc")


def whole_tree(store: Store, bucket: str, body: dict[str, Any]) -> dict[str, Any]:
    """A page of the keys that start with ``prefix``; ``with_delimiter`` groups deeper keys into folders."""
    prefix, size = body.get("prefix") or "", min(body.get("limit") or MOST_V2, MOST_V2)
    after = base64.urlsafe_b64decode(body["cursor"]).decode() if body.get("cursor") else ""
    entries: dict[str, Row | None] = {}
    for row in store.starting_with(bucket, prefix):
        head, slash, _ = row["name"][len(prefix) :].partition("/")
        if slash and body.get("with_delimiter"):
            entries[f"{prefix}{head}/"] = None
        else:
            entries[row["name"]] = row
    rest = [key for key in sorted(entries) if key > after]
    page = rest[:size]
    more = len(rest) > size
    return {
        "hasNext": more,
        "folders": [{"name": key, "key": key} for key in page if entries[key] is None],
        "objects": [_file(row, key) | {"key": key} for key in page if (row := entries[key])],
        **({"nextCursor": base64.urlsafe_b64encode(page[-1].encode()).decode()} if more else {}),
    }
