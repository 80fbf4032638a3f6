"""A universe once more, with everything that belongs to it; the original is only read."""

import uuid
from datetime import timedelta
from functools import partial

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from api import idempotency
from storage.bucket import preparing

from ..errors import AlreadyExists
from ..models import Universe
from ..names import NAME_LENGTH, cut, make_slug
from ..rows import TABLES, UNIVERS
from . import whole
from .universes import free_slug

# What happened to the original and not to its copy.
WHEN = ("created_at", "updated_at")
# For so long an order that is sent again leads to the copy that it made.
ORDERS_KEPT = timedelta(days=1)


def duplicate(universe, *, name="", slug="", once=""):
    """Make a universe with the same cards, names, prompts, songs and files; returns it.

    It starts private, so that no child sees a copy that nobody has touched yet. `name`: that of the original
    with a word before it when empty; `slug`: made from the name, and a free one, when empty. All ids are new,
    and it has never been synced. Rows and files are of one moment; no transaction is open while files are copied.
    `once`: a text of at most 64 characters, by which an order that is sent again, even at the same moment, is known:
    all of them get the one copy.
    Raises Invalid, AlreadyExists, NotFound, KeyRefused, and Changing for one that does not hold still.
    """
    for attempt in range(whole.TRIES):
        try:
            return _made(once, universe.slug) or _duplicate(universe, name, slug, once)
        except (AlreadyExists, IntegrityError):
            # The same order may have been done meanwhile.
            if earlier := _made(once, universe.slug):
                return earlier
            # Of a slug that nobody gave, the next may be free.
            if slug or attempt + 1 == whole.TRIES:
                raise


def _made(once, slug):
    """The copy that this order has made, of the universe of this slug; None where it made none."""
    return idempotency.find(once, _order(slug), Universe)


def _order(slug):
    return f"copy:{slug}"


def _duplicate(universe, name, slug, once):
    name = name or default_name(universe)
    slug = slug or free_slug(make_slug(name))
    whole.check_free(slug)
    note = partial(idempotency.record, once, _order(universe.slug), kept=ORDERS_KEPT)
    for original in whole.attempts(universe.slug):
        with preparing() as prepared:
            if original.copied(partial(_put, prepared)) is not None:
                return whole.put_down(slug, _rows(original, name, slug), prepared, note)


def _put(prepared, name, size, source):
    prepared.add(name, source)


def default_name(universe) -> str:
    """The default name of a copy, no longer than a name may be."""
    return cut(_("Copy of %(name)s") % {"name": universe.name}, NAME_LENGTH)


def _rows(original, name, slug):
    (universe,) = original.rows[UNIVERS.name]
    found = renumbered(original.rows, lambda table, row: True)
    found = {table: [_fresh(row) for row in items] for table, items in found.items()}
    universe = whole.moved(_fresh(universe), original.slug, slug)
    return {**found, UNIVERS.name: [{**universe, "name": name, "is_public": False}]}


def _fresh(row):
    now = timezone.now()
    return {column: now if column in WHEN else value for column, value in row.items()}


def renumbered(rows, needs):
    """The rows with a new id wherever `needs(table, row)`; children follow their card. The universe's own stays."""
    ids = {
        row["id"]: str(uuid.uuid4()) for table in TABLES[1:] for row in rows[table.name] if needs(table, row)
    }
    return {table: [_with_ids(row, ids) for row in items] for table, items in rows.items()}


def _with_ids(row, ids):
    return {
        column: ids.get(value, value) if column in ("id", "asset_id") else value
        for column, value in row.items()
    }
