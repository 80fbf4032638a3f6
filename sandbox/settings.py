"""The settings of the sandbox, read and changed under ``/_sandbox/settings``."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

MIB = 1024 * 1024
# With these PostgREST embeds an object, and without them a list.
ONE_TO_ONE = {"univers_prompts": ("univers_id",), "univers_assets_prompts": ("asset_id",)}


@dataclass
class Settings:
    """Durations are seconds, sizes bytes. The defaults behave like the real services, only faster."""

    # Replicate: time from create to the end, by kind of model
    latency: dict[str, float] = field(
        default_factory=lambda: {"llm": 0.2, "image": 0.5, "video": 1.0, "music": 0.8}
    )
    failure_rate: float = 0.0  # share of predictions that fail
    fail_next: int = 0  # the next n predictions fail
    fail_as: str = "failed"  # or "canceled", "aborted": how they end
    throttle: dict[str, float] | None = None  # {"per_second", "burst", "retry_after"}: more creates get a 429
    lose_answers: float = 0  # creates carried out, not answered: 3 the next three, 0.5 every other
    truncate_downloads: int | bool = False  # downloads that break off half-way: the next n, or all
    output: str | None = (
        None  # "html", "empty", "wrong_type", "expired" or "null" in place of the real output
    )
    deliver: str = ""  # the path of a file that media predictions make in place of their own
    shape: Any = None  # what the output is of a media prediction, "FILE" standing for the file's address
    llm_style: str = "fenced"  # see sandbox.llm.STYLES; any other text is the answer itself
    retention: float = 3600.0  # inputs and outputs are removed so long after the end
    webhook_copies: int = 1  # how often each webhook is sent; 0 loses them
    pad_video_to: int = 0  # clips are filled up to this size
    # both: {"match": regex on "METHOD path?query", "skip": n, "times": n or null, "action": see faults.py}
    request_faults: list[dict[str, Any]] = field(default_factory=list)
    # Supabase
    max_rows: int = 1000  # answers hold no more rows, whatever was asked
    missing_tables: list[str] = field(default_factory=list)
    missing_columns: dict[str, list[str]] = field(default_factory=dict)  # by table
    extra_columns: dict[str, dict[str, str]] = field(default_factory=dict)  # table: {column: type}
    unique: dict[str, list[list[str]]] = field(
        default_factory=lambda: {name: [list(key)] for name, key in ONE_TO_ONE.items()}
    )  # table: unique constraints besides the primary key's and the slug's; {}: none
    # rows and listed files in place of those that are there: {table: {id: anything}}, {key: anything}; the answer to
    # a whole listing under "folder/", as a fault gives one
    altered_rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    altered_files: dict[str, Any] = field(default_factory=dict)
    file_size_limit: int = 50 * MIB
    part_size: int = 5 * MIB  # larger uploads come in parts, and get an ETag that is not their MD5

    def update(self, changes: dict[str, Any]) -> None:
        """Updates the given values; latencies are merged. Raises ValueError for an unknown name."""
        known = {item.name for item in fields(self)}
        if unknown := sorted(set(changes) - known):
            raise ValueError(f"unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        for name, value in changes.items():
            setattr(self, name, self.latency | value if name == "latency" else value)

    def reset(self) -> None:
        self.update({item.name: getattr(Settings(), item.name) for item in fields(self)})

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), "utf-8")

    @classmethod
    def load(cls, path: Path) -> "Settings":
        settings = cls()
        if path.exists():
            settings.update(json.loads(path.read_text("utf-8")))
        return settings
