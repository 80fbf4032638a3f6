"""The kinds of what is made, one module each; everything that needs to know a kind reads this registry."""

from .clips import CLIPS
from .concepts import CONCEPTS
from .ideas import IDEAS
from .kind import GapKind, Kind
from .lyrics import LYRICS
from .names import NAMES
from .pictures import PICTURES
from .songs import SONGS

__all__ = [
    "CLIPS", "CONCEPTS", "GAPS", "IDEAS", "KINDS", "LYRICS", "NAMES", "PICTURES", "SONGS", "GapKind", "Kind",
    "UnknownKind", "find",
]  # fmt: skip


class UnknownKind(LookupError):
    """A step of a kind that is not registered."""


# In the order in which gaps are filled: a kind may use what those before it make.
KINDS: dict[str, Kind] = {kind.key: kind for kind in (NAMES, PICTURES, CLIPS, LYRICS, SONGS, IDEAS, CONCEPTS)}
GAPS: dict[str, GapKind] = {key: kind for key, kind in KINDS.items() if isinstance(kind, GapKind)}


def find(key: str) -> Kind:
    """Raises UnknownKind."""
    try:
        return KINDS[key]
    except KeyError:
        raise UnknownKind(f"No kind is called {key!r}.") from None
