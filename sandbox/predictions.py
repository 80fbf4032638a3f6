"""The life cycle of predictions: created, running, ended; it continues after a restart."""

import asyncio
import base64
import binascii
import hashlib
import json
import random
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.counters import Counters
from sandbox.database import Database
from sandbox.llm import answer
from sandbox.models import LLAMA, MODELS, Model
from sandbox.moving import CannotMake
from sandbox.settings import Settings
from sandbox.studio import Studio

Row = dict[str, Any]
MICROSECOND = 1e-6
START_SHARE, START_AT_MOST = 0.2, 0.3  # how long a prediction is "starting": a share of its latency, seconds
LOCAL = re.compile(r"(?:https?://[^/]+)?/(delivery/inputs|v1/files)/([\w-]+)(?:/.*)?")
# Of the first thirty predictions that fail with a chance of 0.2, six do.
SEED = 2
ENDED = ("succeeded", "failed", "canceled", "aborted")
ALPHABET = "abcdefghjkmnpqrstvwxyz0123456789"


class Predictions:
    def __init__(self, database: Database, folder: Path, settings: Settings, counters: Counters):
        self.database, self.settings, self.counters = database, settings, counters
        self.made, self.inputs, self.uploads = (folder / name for name in ("made", "inputs", "uploads"))
        for path in (self.made, self.inputs, self.uploads):
            path.mkdir(exist_ok=True)
        self.studio = Studio(self.made, self.local_file)
        self.forget_chance()
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.tell: Callable[[str, str], None] = lambda prediction_id, event: None  # of starts and ends

    def create(self, model: Model, version: str, given: Row, **more: Any) -> str:
        """Starts a prediction and gives its id.

        ``more``: ``cancel_after`` in seconds; ``origin``, ``webhook`` and ``events`` for whoever sends webhooks.
        """
        now = time.time()
        row = {
            "id": "".join(secrets.choice(ALPHABET) for _ in range(26)),
            "model": model.full_name,
            "version": version,
            "kind": model.kind,
            "input": json.dumps({name: self._stored(value) for name, value in given.items()}),
            "status": "processing",
            "created_at": now,
            "ready_at": now + self.settings.latency.get(model.kind, 0),
            "deadline": now + cancel_after if (cancel_after := more.pop("cancel_after", None)) else None,
            "fault": self._fault(),
            **more,
        }
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        self.database.run(f"INSERT INTO predictions ({columns}) VALUES ({marks})", tuple(row.values()))
        self._start(row)
        self.counters.highest("max_running_at_once", len(self.tasks))
        return row["id"]

    def _fault(self) -> str | None:
        if self.settings.fail_next > 0:
            self.settings.fail_next -= 1
            return self.settings.fail_as
        if self.chance.random() < self.settings.failure_rate:
            return self.settings.fail_as
        return self.settings.output

    def forget_chance(self) -> None:
        """Seeds the random failures of the next predictions: they are the same each time."""
        self.chance = random.Random(SEED)

    def _stored(self, value: Any) -> Any:
        """A data URI becomes a file that is served under ``/delivery/inputs``."""
        if not (isinstance(value, str) and value.startswith("data:") and ";base64," in value):
            return value
        try:
            content = base64.b64decode(value.partition(",")[2], validate=True)
        except binascii.Error:
            return value
        name = hashlib.sha256(content).hexdigest()
        (self.inputs / name).write_bytes(content)
        return f"/delivery/inputs/{name}"

    def local_file(self, url: str) -> Path | None:
        """The path of the file at one of our own URLs."""
        if not (found := LOCAL.fullmatch(url)):
            return None
        path = (self.inputs if found[1] == "delivery/inputs" else self.uploads) / found[2]
        return path if path.exists() else None

    def resume(self) -> None:
        """Resumes the predictions that had not ended when the sandbox stopped."""
        for row in self.database.rows("SELECT * FROM predictions WHERE completed_at IS NULL"):
            self._start(row)

    def _start(self, row: Row) -> None:
        task = asyncio.get_running_loop().create_task(self._live(row))
        self.tasks[row["id"]] = task
        task.add_done_callback(lambda _: self.tasks.pop(row["id"], None))

    async def _live(self, row: Row) -> None:
        due, deadline = row["ready_at"], row["deadline"]
        work = asyncio.ensure_future(self._work(row))
        if row["webhook"]:
            self.tell(row["id"], "start")
        if deadline and deadline < due:
            work.cancel()
            await _until(deadline)
            return self._end(row["id"], "canceled" if deadline > _started_at(row) else "aborted")
        (ending,) = await asyncio.gather(work, return_exceptions=True)
        await _until(due)
        if isinstance(ending, CannotMake):
            return self._end(row["id"], "failed", error=str(ending))
        if isinstance(ending, BaseException):
            self._end(row["id"], "failed", error=f"The sandbox has a bug: {ending!r}")
            raise ending
        return self._end(row["id"], **ending)

    async def _work(self, row: Row) -> Row:
        """The end of a prediction, as columns of its row."""
        given = json.loads(row["input"])
        if row["fault"] in ("failed", "canceled", "aborted"):
            error = "The sandbox was told to fail." if row["fault"] == "failed" else None
            return {"status": row["fault"], "error": error}
        if row["fault"] == "null":
            return {"status": "succeeded"}
        if row["kind"] == "llm":
            return {"status": "succeeded", "output": json.dumps(self._speak(given))}
        pad_to = self.settings.pad_video_to if row["kind"] == "video" else 0
        return {
            "status": "succeeded",
            "file": await self.studio.make(row["kind"], given, row["fault"], pad_to),
        }

    def _speak(self, given: Row) -> list[str]:
        prompt = given.get("prompt_template", "{prompt}").replace("{prompt}", given.get("prompt", ""))
        most = given.get("max_tokens", LLAMA.properties["max_tokens"]["default"])
        return answer(prompt, self.settings.llm_style, most)

    def _end(self, prediction_id: str, status: str, **columns: Any) -> None:
        values = {"status": status, "completed_at": time.time(), **columns}
        changes = ", ".join(f"{name} = ?" for name in values)
        sql = f"UPDATE predictions SET {changes} WHERE id = ? AND completed_at IS NULL"
        if self.database.run(sql, (*values.values(), prediction_id)):
            self.tell(prediction_id, "completed")

    def cancel(self, prediction_id: str) -> None:
        """Ends a running prediction; an ended one stays as it is."""
        row = self.get(prediction_id)
        if row and row["completed_at"] is None:
            self._end(prediction_id, "canceled" if _started_at(row) <= time.time() else "aborted")
            self.tasks[prediction_id].cancel()

    async def wait(self, prediction_id: str, seconds: float) -> None:
        if task := self.tasks.get(prediction_id):
            await asyncio.wait([task], timeout=seconds)

    def get(self, prediction_id: str) -> Row | None:
        return self.database.row("SELECT * FROM predictions WHERE id = ?", (prediction_id,))

    def page(self, after: float, before: float, below: int | None, size: int) -> list[Row]:
        """The newest predictions created between two times, with numbers below that one.

        Times are compared as callers see them, in microseconds.
        """
        sql = "SELECT * FROM predictions WHERE created_at >= ? AND created_at <= ? AND number < ?"
        return self.database.rows(
            f"{sql} ORDER BY number DESC LIMIT ?",
            (after - MICROSECOND, before + MICROSECOND, below or 2**62, size),
        )

    def counts(self) -> Row:
        rows = self.database.rows(
            "SELECT model, status, count(*) AS n FROM predictions GROUP BY model, status"
        )
        by_status = {status: sum(row["n"] for row in rows if row["status"] == status) for status in ENDED}
        models = {name: sum(row["n"] for row in rows if row["model"] == name) for name in MODELS}
        by_model = {name: count for name, count in models.items() if count}
        return {
            "predictions": by_model,
            "created": sum(models.values()),
            "running": len(self.tasks),
            **by_status,
        }

    async def stop(self) -> None:
        """Stops the tasks of running predictions without ending them."""
        tasks = list(self.tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        await self.stop()
        self.studio.close()


def _started_at(row: Row) -> float:
    return row["created_at"] + min(START_AT_MOST, START_SHARE * (row["ready_at"] - row["created_at"]))


def status_of(row: Row) -> str:
    running = row["completed_at"] is None
    return "starting" if running and time.time() < _started_at(row) else row["status"]


def started_at(row: Row) -> float | None:
    """The time at which it began to run; None while it is starting, or when it ended before."""
    begun = _started_at(row)
    return begun if begun <= (row["completed_at"] or time.time()) else None


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.time()))
