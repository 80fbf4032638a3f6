"""A model's result on its way to becoming a medium: archived as it came before anything is made of it.

So a full disk, a stop or a fault while it is converted costs nothing, and the provider is asked for it but once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jobs.handlers import StepRun
from jobs.models import JobStep, State
from storage import archive
from storage.staging import staging

from . import downloads

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
        step.remember(**{KEY: archive.keep(path)})
        yield path


def _is_archived(step: StepRun, path: Path) -> bool:
    """Whether `path` has it now, out of the archive."""
    sha256 = step.memory.get(KEY)
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
