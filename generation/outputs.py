"""A model's output: its text, the address of its file, and that file in the archive as it came.

Nothing is made of a file before the archive has it. So a full disk, a stop or a fault while it is converted costs
nothing, and the provider is asked for it but once.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from jobs.handlers import StepRun
from jobs.models import JobStep, State
from storage import archive
from storage.staging import staging

from . import downloads
from .adapters import IMAGE, MUSIC, VIDEO

# Where models put what they say that answer with an object.
SPOKEN = (
    "text",
    "output",
    "response",
    "answer",
    "content",
    "message",
    "completion",
    "generated_text",
    "result",
)


def text_of(output: Any) -> str:
    """A language model's text; its output is a list of tokens, a text, an object with one, or JSON itself."""
    return _spoken(output).replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _spoken(output: Any) -> str:
    if isinstance(output, list):
        return "".join(map(_spoken, output)) if all(_is_token(one) for one in output) else _as_json(output)
    if isinstance(output, dict):
        said = next((output[key] for key in SPOKEN if isinstance(output.get(key), str)), None)
        return _as_json(output) if said is None else said
    return output if isinstance(output, str) else str(output or "")


def _is_token(one: Any) -> bool:
    if isinstance(one, dict):
        return any(isinstance(one.get(key), str) for key in SPOKEN)
    return not isinstance(one, list)


def _as_json(output: Any) -> str:
    try:
        return json.dumps(output, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


# Words in the keys and file names of a kind's outputs, where a model delivers several things at once.
SIGNS = {
    IMAGE: re.compile(r"image|picture|img|\.(?:png|jpe?g|webp|avif|gif|heic)\b", re.IGNORECASE),
    VIDEO: re.compile(r"video|clip|movie|\.(?:mp4|mov|webm|mkv|avi|m4v)\b", re.IGNORECASE),
    MUSIC: re.compile(r"audio|song|music|track|\.(?:mp3|wav|ogg|flac|m4a|aac|opus)\b", re.IGNORECASE),
}
MOST_LEVELS, MOST_ADDRESSES = 10, 100


def address_of(output: Any, setting: str = "") -> str | None:
    """The address of what a media model made, `https:`, `http:` or `data:`; None when its output has none.

    It may lie in lists and objects, beside others: the first wins whose key or file name says that it is of this
    setting's kind.
    """
    found = list(islice(_addresses(output, ""), MOST_ADDRESSES))
    sign = SIGNS.get(setting)
    likely = (address for where, address in found if sign and sign.search(where))
    return next(likely, found[0][1] if found else None)


def _addresses(output: Any, key: str, level: int = 0) -> Iterator[tuple[str, str]]:
    """`(its key and file name, address)` of all that a model's output names."""
    if isinstance(output, str) and output[:8].lower().startswith(("https://", "http://", "data:")):
        # A data URI's beginning says of which type it is.
        yield f"{key} {output[:40] if output[:5].lower() == 'data:' else _file_name(output)}", output
    elif isinstance(output, dict) and level < MOST_LEVELS:
        for name, inner in output.items():
            yield from _addresses(inner, f"{key} {name}", level + 1)
    elif isinstance(output, list) and level < MOST_LEVELS:
        for inner in output:
            yield from _addresses(inner, key, level + 1)


def _file_name(address: str) -> str:
    return address.partition("?")[0].rpartition("/")[2][-100:]


def is_file(value: Any) -> bool:
    """True for a value of an input that is the address of a file."""
    return isinstance(value, str) and value.startswith(("https://", "http://"))


# --- The file in the archive -------------------------------------------------------------------------------

KEY = "delivered"


@contextmanager
def fetched(step: StepRun, address: str | None, most_bytes: int) -> Iterator[Path | None]:
    """The path of what the step's prediction made, alone in a folder that goes when the block ends.

    From the archive where it came before; else from `address`, and the archive has it then. None where neither is.
    """
    with staging() as folder:
        path = folder / "output"
        if _is_archived(step, path):
            yield path
            return
    if not address:
        yield None
        return
    with downloads.fetched(address, most_bytes) as path:
        step.remember(**{KEY: archive.add(path)})
        yield path


def _is_archived(step: StepRun, path: Path) -> bool:
    """Copy it from the archive to `path`; False when the archive does not have it."""
    sha256 = step.memory.get(KEY) or ""
    try:
        return bool(sha256) and archive.copy_to(sha256, path) == sha256
    except FileNotFoundError:
        return False


def forget(step: StepRun) -> None:
    """Let it be fetched from the provider again."""
    step.remember(**{KEY: None})


def needed() -> set[str]:
    """The hashes of what steps have in the archive that are not done."""
    waiting: Any = JobStep.objects.filter(memory__has_key=KEY).exclude(status=State.COMPLETED)
    return set(waiting.values_list(f"memory__{KEY}", flat=True)) - {None}
