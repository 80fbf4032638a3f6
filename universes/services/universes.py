"""Universes: found, made, deleted."""

from collections.abc import Mapping
from itertools import count

from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from storage import bucket
from storage.messages import gettext as _

from ..errors import AlreadyExists, Invalid, NotFound
from ..models import Asset, Universe
from ..names import SLUG, SLUG_LENGTH, UNNAMED, is_slug, numbered_slug, slug_of
from . import edits, revisions
from .edits import UNIVERSE_PROMPTS, Value

# Counted for each row that is shown: a join would count those of all before the first is.
CARDS = Subquery(
    Asset.objects.filter(universe=OuterRef("pk"))
    .order_by()
    .values("universe")
    .annotate(n=Count("*"))
    .values("n")
)

lock, update = edits.lock, edits.update


def find(slug: str, queryset: QuerySet[Universe] | None = None) -> Universe:
    """The universe with this slug, of those in the queryset; NotFound when there is none."""
    every = Universe.objects.all() if queryset is None else queryset
    found = every.filter(slug=slug).first() if SLUG.fullmatch(slug) else None
    if not found:
        raise not_found(slug)
    return found


def not_found(slug: str) -> NotFound:
    return NotFound(_("Universe '%(slug)s' not found.") % {"slug": slug[:100]})


def listing() -> QuerySet[Universe]:
    """Every universe with the number of its cards as `asset_count`, newest first."""
    return Universe.objects.annotate(asset_count=Coalesce(CARDS, 0))


def create(
    *, name: str, slug: str = "", translations: Mapping[str, str] | None = None, **fields: Value
) -> Universe:
    """Make a universe; its folder comes with its first file, and leftovers of a deleted one are archived.

    Without a slug, it gets one from its name; where the name has no letters, the slug is `universe`, `universe-2`
    and so on, the first that is free.
    Raises Invalid for a slug that can't name a folder or an unknown language, AlreadyExists for a taken slug.
    """
    if slug := slug or slug_of(name):
        return _create(name, slug, translations or {}, fields)
    while True:
        try:
            return _create(name, free_slug(UNNAMED), translations or {}, fields)
        except AlreadyExists:
            # Somebody else took it meanwhile: the next one.
            continue


def free_slug(base: str) -> str:
    """The slug, numbered from 2 on where there is a universe or a folder of that slug."""
    alike = Universe.objects.filter(slug__startswith=base[: SLUG_LENGTH // 2])
    taken = set(alike.values_list("slug", flat=True))
    numbered = (numbered_slug(base, number) for number in count(1))
    return next(slug for slug in numbered if slug not in taken and not bucket.names(slug))


def _create(name: str, slug: str, translations: Mapping[str, str], fields: dict[str, Value]) -> Universe:
    check_slug(slug)
    prompts = {key: fields[key] for key in UNIVERSE_PROMPTS if key in fields}
    fields = {key: value for key, value in fields.items() if key not in prompts}
    try:
        with transaction.atomic():
            revisions.trash_folder(slug)
            universe = Universe.objects.create(**fields, name=name, slug=slug)
            edits.save_prompts(universe, prompts)
            edits.save_translations(universe, translations)
    except IntegrityError:
        if Universe.objects.filter(slug=slug).exists():
            raise AlreadyExists(_("Universe with slug '%(slug)s' already exists") % {"slug": slug}) from None
        raise
    revisions.archive_leaving(slug)
    return universe


def check_slug(slug: str) -> None:
    """Raise Invalid unless a universe can have this slug."""
    if not is_slug(slug):
        raise Invalid(
            "slug",
            _("slug takes a-z and 0-9, joined by single '-' or '_', %(most)s characters at most.")
            % {"most": SLUG_LENGTH},
        )


def delete(universe: Universe, author: str = "") -> None:
    """Delete the rows and then the media folder; a revision keeps both. NotFound when it is gone."""
    slug = universe.slug
    with transaction.atomic():
        lock(universe)
        revisions.create(universe, revisions.DELETE, author)
        universe.delete()
    with transaction.atomic():
        revisions.trash_folder(slug)
    revisions.archive_leaving(slug)
