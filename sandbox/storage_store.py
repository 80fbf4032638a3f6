"""Objects of buckets: rows in SQLite, contents in immutable files."""

import hashlib
import os
import shutil
import time
import uuid
from pathlib import Path
from typing import Any, BinaryIO

from sandbox.database import Database

BUCKETS = ("univers",)
PIECE = 1024 * 1024
Row = dict[str, Any]


def _etag(parts: list[bytes]) -> str:
    """S3's: the MD5 of one part, else the MD5 of the parts' MD5s, and their number."""
    if len(parts) > 1:
        return f"{hashlib.md5(b''.join(parts), usedforsecurity=False).hexdigest()}-{len(parts)}"
    return parts[0].hex() if parts else hashlib.md5(usedforsecurity=False).hexdigest()


class Store:
    def __init__(self, database: Database, folder: Path):
        self.database, self.folder = database, folder
        folder.mkdir(exist_ok=True)

    def receive(self, source: BinaryIO, part_size: int) -> Row:
        """Writes a content to disk and gives its blob, size in bytes and ETag; it belongs to no object yet."""
        blob, parts = uuid.uuid4().hex, []
        with (self.folder / blob).open("wb") as target:
            while part := self._copy(source, target, part_size):
                parts.append(part)
            size = target.tell()
        return {"blob": blob, "size": size, "etag": _etag(parts)}

    def _copy(self, source: BinaryIO, target: BinaryIO, size: int) -> bytes:
        """Copies at most so many bytes and returns their MD5; empty at the end."""
        digest, left = hashlib.md5(usedforsecurity=False), size
        while left and (piece := source.read(min(left, PIECE))):
            digest.update(piece)
            target.write(piece)
            left -= len(piece)
        return digest.digest() if left < size else b""

    def discard(self, content: Row) -> None:
        (self.folder / content["blob"]).unlink(missing_ok=True)

    def put(self, bucket: str, name: str, content: Row, about: Row) -> Row:
        """Makes an uploaded content the object of that name; ``about``: mimetype, cache_control, metadata."""
        now, old = time.time(), self.get(bucket, name)
        row = {
            "id": old["id"] if old else str(uuid.uuid4()),
            "bucket": bucket,
            "name": name,
            "folded": name.lower(),
            **content,
            **about,
            "created_at": old["created_at"] if old else now,
            "updated_at": now,
        }
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        sql = f"INSERT OR REPLACE INTO objects ({columns}) VALUES ({marks})"
        self.database.run(sql, tuple(row.values()))
        if old:
            self.discard(old)
        return row

    def get(self, bucket: str, name: str) -> Row | None:
        return self.database.row("SELECT * FROM objects WHERE bucket = ? AND name = ?", (bucket, name))

    def path(self, row: Row) -> Path:
        return self.folder / row["blob"]

    def delete(self, bucket: str, name: str) -> Row | None:
        row = self.get(bucket, name)
        if row:
            self.database.run("DELETE FROM objects WHERE id = ?", (row["id"],))
            self.discard(row)
        return row

    def move(self, row: Row, name: str) -> None:
        sql = "UPDATE objects SET name = ?, folded = ?, updated_at = ? WHERE id = ?"
        self.database.run(sql, (name, name.lower(), time.time(), row["id"]))

    def copy(self, row: Row, name: str) -> Row:
        content = {key: row[key] for key in ("size", "etag")} | {"blob": uuid.uuid4().hex}
        try:
            os.link(self.path(row), self.folder / content["blob"])
        except OSError:  # no hard links here
            shutil.copyfile(self.path(row), self.folder / content["blob"])
        about = {key: row[key] for key in ("mimetype", "cache_control", "metadata")}
        return self.put(row["bucket"], name, content, about)

    def starting_with(self, bucket: str, prefix: str) -> list[Row]:
        """The objects whose names start like that, upper and lower case alike."""
        folded = prefix.lower()
        sql = "SELECT * FROM objects WHERE bucket = ? AND folded >= ? AND folded < ? ORDER BY name"
        return self.database.rows(sql, (bucket, folded, folded + "\U0010ffff"))
