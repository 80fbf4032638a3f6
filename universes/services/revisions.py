"""Keeping what a click is about to replace."""

from .. import rows
from ..models import Revision


def keep(universe, cause, author="", files=None):
    """Save the universe's rows as they stand; call it before the change, in the same transaction.

    `files`: `{name: sha256}` of what was archived beforehand, since copying takes longer than a
    transaction may last.
    """
    return Revision.objects.create(
        univers_slug=universe.slug, cause=cause, author=author, rows=rows.read(universe), files=files or {}
    )
