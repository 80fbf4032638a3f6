"""Which job and step this thread is at, for whoever writes the log."""

from contextlib import contextmanager
from contextvars import ContextVar

_at = ContextVar("magikswipe_work", default=())


def current():
    """`{"job": id, "step": key}`, as far as this thread is at one."""
    return dict(_at.get())


@contextmanager
def at(**ids):
    """What is logged within the block is of this job, or step."""
    token = _at.set((*_at.get(), *ids.items()))
    try:
        yield
    finally:
        _at.reset(token)
