"""Types of jobs: their titles and scopes, registered by the rooms above."""

from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise


@dataclass(frozen=True)
class JobType:
    """`scope`: needed to start, cancel and retry such a job."""

    key: str
    title: str | Promise
    scope: str


class UnknownType(LookupError):
    """A job of a type that no room has registered."""


_registered: dict[str, JobType] = {}


def register(*types: JobType) -> None:
    """Add types of jobs; called once by each room's AppConfig."""
    for found in types:
        if _registered.setdefault(found.key, found) != found:
            raise ImproperlyConfigured(f"Two types of jobs are called {found.key!r}.")


def find(key: str) -> JobType:
    """Raises UnknownType."""
    try:
        return _registered[key]
    except KeyError:
        raise UnknownType(f"No room has registered the type of job {key!r}.") from None


def exists(key: str) -> bool:
    return key in _registered


def keys() -> list[str]:
    """Of all types, in the order of their registration."""
    return list(_registered)
