"""A universe's past, newest first: its jobs, its edits and its revisions, merged by their time."""

from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from jobs.models import Job
from universes.models import Edit, Revision
from universes.services import revisions

JOBS, CHANGES, REVISIONS = KINDS = ("jobs", "changes", "revisions")


@dataclass(frozen=True)
class Event:
    """`item`: a Job, an Edit, or a Revision as `revisions.listing` reads it."""

    kind: str
    created_at: datetime
    item: Any


class Timeline:
    """The Events of these kinds, of one author or of all; a Paginator counts it and takes slices of it."""

    def __init__(self, universe, kinds=KINDS, author=""):
        every = querysets(universe)
        self.found = {kind: every[kind].filter(**({"author": author} if author else {})) for kind in kinds}

    def count(self):
        return sum(found.count() for found in self.found.values())

    def __getitem__(self, wanted):
        """A slice; only so many ids as come before its end are read of each kind, and no more rows than it has."""
        ids = [
            [
                (created_at, kind, pk)
                for created_at, pk in found.values_list("created_at", "pk")[: wanted.stop]
            ]
            for kind, found in self.found.items()
        ]
        chosen = list(islice(merge(*ids, key=lambda row: row[0], reverse=True), wanted.start, wanted.stop))
        items = {
            kind: self._loaded(kind, [pk for _, one, pk in chosen if one == kind]) for kind in self.found
        }
        # What was deleted between the two looks is left out.
        return [Event(kind, at, items[kind][pk]) for at, kind, pk in chosen if pk in items[kind]]

    def _loaded(self, kind, ids):
        if not ids:
            return {}
        return {item.pk: item for item in LOADERS[kind]().filter(pk__in=ids)}


LOADERS = {
    JOBS: lambda: Job.objects.all(),
    CHANGES: lambda: Edit.objects.all(),
    REVISIONS: revisions.listing,
}


def querysets(universe):
    """What there is of each kind, newest first."""
    slug = universe.slug
    return {
        JOBS: Job.objects.filter(univers_slug=slug).order_by("-created_at", "-pk"),
        CHANGES: Edit.objects.filter(universe=universe).order_by("-created_at", "-pk"),
        REVISIONS: Revision.objects.filter(univers_slug=slug).order_by("-created_at", "-pk"),
    }


def authors(universe):
    """Everybody who left a trace, by name."""
    found = querysets(universe).values()
    names = {name for one in found for name in one.order_by().values_list("author", flat=True).distinct()}
    return sorted(filter(None, names), key=str.casefold)
