"""Counters of requests, rows and files, for assertions."""

import re
from collections import Counter

_READS = ("GET", "HEAD")


class Counters:
    """Predictions are counted in the database, so that a restart forgets none."""

    NAMES = (
        *("throttled", "creates_too_soon", "lost_answers", "max_running_at_once", "webhooks_sent"),
        *("rest_requests", "rest_writes", "rows_written", "rows_deleted"),
        *("storage_reads", "storage_lists", "storage_writes", "files_written", "files_deleted", "faults"),
    )

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self.by_path: Counter[str] = Counter()

    def reset(self) -> None:
        self.totals.clear()
        self.by_path.clear()

    def add(self, name: str, amount: int = 1) -> None:
        self.totals[name] += amount

    def highest(self, name: str, value: int) -> None:
        self.totals[name] = max(self.totals[name], value)

    def request(self, method: str, path: str) -> None:
        self.by_path[f"{method} {_group(path)}"] += 1
        if path.startswith("/rest/v1"):
            self.add("rest_requests")
            self.add("rest_writes", method not in _READS)
        elif path.startswith("/storage/v1"):
            self.add(_storage_kind(method, path))

    def as_dict(self) -> dict:
        return {name: self.totals[name] for name in self.NAMES} | {"by_path": dict(self.by_path)}


def _group(path: str) -> str:
    """The path without ids of predictions and names of objects."""
    without_ids = re.sub(r"/[a-z0-9]{20,}(?=/|$)", "/*", path)
    return "/".join(without_ids.split("/")[:5])


def _storage_kind(method: str, path: str) -> str:
    if method == "POST" and re.match(r"/storage/v1/object/list(-v2)?/", path):
        return "storage_lists"
    return "storage_reads" if method in _READS else "storage_writes"
