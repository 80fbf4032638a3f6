"""What a universe lacks, and the steps that make it. Only read here; nothing is begun."""

from collections.abc import Iterable
from typing import Any

from django.db.models import prefetch_related_objects

from universes.models import Universe

from . import kinds
from .kinds.kind import Filling


def gaps(universe: Universe) -> dict[str, list[Any]]:
    """What is missing by kind, as `GapKind.lacking` tells it: `{"names": [(card id, language)], "pictures": [card id],
    "clips": [card id], "lyrics": [language], "songs": [language]}`.

    Three statements; one where the universe comes with its assets and its music_prompts.
    """
    prefetch_related_objects([universe], "assets", "music_prompts")
    return {key: kind.lacking(universe) for key, kind in kinds.GAPS.items()}


def filling(universe: Universe, wanted: Iterable[str] | None = None, theme: str = "") -> Filling:
    """How the gaps of these kinds are filled, of all for None. `theme`: what lyrics are about, where there are none."""
    chosen, made = set(kinds.GAPS if wanted is None else wanted), Filling(universe, theme)
    for key, kind in kinds.GAPS.items():
        if key in chosen:
            kind.fill(made)
    return made
