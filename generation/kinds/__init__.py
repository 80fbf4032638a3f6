"""The registry of kinds, one module each: whoever needs to know a kind asks its object here."""

from collections.abc import Iterable
from typing import Any

from django.db.models import prefetch_related_objects

from universes.models import Universe

from .clips import CLIPS
from .concepts import CONCEPTS
from .ideas import IDEAS
from .kind import Filling, GapKind, Kind
from .lyrics import LYRICS
from .names import NAMES
from .pictures import PICTURES
from .songs import SONGS

__all__ = [
    "CLIPS",
    "CONCEPTS",
    "GAPS",
    "IDEAS",
    "KINDS",
    "LYRICS",
    "NAMES",
    "PICTURES",
    "SONGS",
    "Filling",
    "GapKind",
    "Kind",
    "UnknownKind",
    "filling",
    "find",
    "lacking",
]


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


def lacking(universe: Universe) -> dict[str, list[Any]]:
    """The gaps of a universe by kind: `{"names": [(card id, language)], "pictures": [card id], "clips": [card id],
    "lyrics": [language], "songs": [language]}`.

    Three statements; one where the universe comes with its assets and its music_prompts.
    """
    prefetch_related_objects([universe], "assets", "music_prompts")
    return {key: kind.lacking(universe) for key, kind in GAPS.items()}


def filling(universe: Universe, wanted: Iterable[str] | None = None, theme: str = "") -> Filling:
    """The steps that fill the gaps of these kinds, of all for None. `theme`: of lyrics, where there are none."""
    chosen, made = set(GAPS if wanted is None else wanted), Filling(universe, theme)
    for key, kind in GAPS.items():
        if key in chosen:
            kind.fill(made)
    return made
