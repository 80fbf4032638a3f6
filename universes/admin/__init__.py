"""The admin of universes, cards, songs and revisions; all that it changes goes through the services."""

from .asset import AssetAdmin
from .revision import RevisionAdmin
from .universe import UniverseAdmin

__all__ = ["AssetAdmin", "RevisionAdmin", "UniverseAdmin"]
