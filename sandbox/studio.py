"""Makes the files of predictions: at most two at a time, and equal files once."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from sandbox.drawing import draw
from sandbox.moving import CannotMake, animate, sing

RATIO_SIZES = {
    "1:1": "1024x1024",
    "4:3": "1365x1024",
    "3:4": "1024x1365",
    "3:2": "1536x1024",
    "2:3": "1024x1536",
    "16:9": "1820x1024",
    "9:16": "1024x1820",
    "1:2": "1024x2048",
    "2:1": "2048x1024",
    "7:5": "1434x1024",
    "5:7": "1024x1434",
    "4:5": "1024x1280",
    "5:4": "1280x1024",
    "3:5": "1024x1707",
    "5:3": "1707x1024",
}
AT_A_TIME = 2
FETCH_SECONDS = 20
PDF = b"%PDF-1.4\n%this is not what was asked for\n%%EOF\n"
HTML = b"<!doctype html><html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1></html>"


class Studio:
    """``folder`` caches the files under the hash of their input."""

    def __init__(self, folder: Path, local_file: Callable[[str], Path | None]):
        self.folder, self.local_file = folder, local_file
        self.pool = ThreadPoolExecutor(AT_A_TIME, "studio")
        self.running: dict[str, asyncio.Future[str]] = {}

    async def make(self, kind: str, given: dict[str, Any], fault: str | None, pad_to: int = 0) -> str:
        """The name of the file in ``folder``. Raises CannotMake."""
        key = hashlib.sha256(json.dumps([kind, given, fault, pad_to], sort_keys=True).encode()).hexdigest()[
            :32
        ]
        if key not in self.running:
            work = asyncio.get_running_loop().run_in_executor(
                self.pool, self._make, key, kind, given, fault, pad_to
            )
            self.running[key] = work
            work.add_done_callback(lambda _: self.running.pop(key, None))
        return await asyncio.shield(self.running[key])

    def _make(self, key: str, kind: str, given: dict[str, Any], fault: str | None, pad_to: int) -> str:
        name = f"{key}.{_extension(kind, given)}"
        if not (self.folder / name).exists():
            draft = self.folder / f"draft-{name}"
            if fault in _WRONG:
                draft.write_bytes(_WRONG[fault])
            else:
                self._fill(draft, kind, given, pad_to)
            draft.replace(self.folder / name)
        return name

    def _fill(self, target: Path, kind: str, given: dict[str, Any], pad_to: int) -> None:
        if kind == "image":
            target.write_bytes(draw(given["prompt"], _size(given)))
        elif kind == "video":
            animate(self._fetch(given["image"]), target)
            _pad(target, pad_to)
        else:
            sing(given.get("prompt", "") + given.get("lyrics", ""), given.get("audio_format", "mp3"), target)

    def _fetch(self, url: str) -> bytes:
        if path := self.local_file(url):
            return path.read_bytes()
        try:
            answer = httpx.get(url, timeout=FETCH_SECONDS, follow_redirects=True).raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CannotMake(f"cannot fetch the image: {error}") from error
        return answer.content

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)


_WRONG = {"empty": b"", "html": HTML, "wrong_type": PDF}


def _extension(kind: str, given: dict[str, Any]) -> str:
    return {"image": "webp", "video": "mp4"}.get(kind) or given.get("audio_format", "mp3")


def _size(given: dict[str, Any]) -> tuple[int, int]:
    text = RATIO_SIZES.get(given.get("aspect_ratio", "")) or given.get("size", "1024x1024")
    width, height = map(int, text.split("x"))
    return width, height


def _pad(path: Path, size: int) -> None:
    """Appends a ``free`` box (ISO 14496-12, 8.1.2), which players skip."""
    missing = size - path.stat().st_size
    if missing < 8:
        return
    with path.open("ab") as file:
        file.write(missing.to_bytes(4, "big") + b"free")
        file.truncate(size)
