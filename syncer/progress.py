"""Telling whoever waits for a sync how far it is. Nobody listens unless they say so."""

from contextlib import contextmanager
from contextvars import ContextVar


class Listener:
    """Hears what a sync in this thread does."""

    def planned(self, plan):
        """A universe's plan is about to be applied."""

    def done(self, number):
        """So many of its rows or files are written."""


_nobody = Listener()
_listener = ContextVar("listener", default=_nobody)


@contextmanager
def heard_by(listener):
    token = _listener.set(listener)
    try:
        yield listener
    finally:
        _listener.reset(token)


def planned(plan):
    _listener.get().planned(plan)


def done(number=1):
    _listener.get().done(number)
