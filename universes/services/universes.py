"""Universes: made, changed, deleted."""

from itertools import count

from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from storage import bucket

from ..errors import AlreadyExists, Invalid, NotFound
from ..models import LANGUAGES, Asset, Universe, UniversePrompts, UniverseTranslation
from ..names import SLUG, SLUG_LENGTH, UNNAMED, is_slug, numbered_slug, slug_of
from . import edits, revisions

# Counted for each row that is shown: a join would count those of all before the first is.
CARDS = Subquery(
    Asset.objects.filter(universe=OuterRef("pk"))
    .order_by()
    .values("universe")
    .annotate(n=Count("*"))
    .values("n")
)
PROMPTS = ("default_image_prompt", "default_video_prompt")


def find(slug, queryset=None):
    """The universe with this slug; NotFound when there is none."""
    every = Universe.objects.all() if queryset is None else queryset
    found = every.filter(slug=slug).first() if SLUG.fullmatch(slug) else None
    if not found:
        raise NotFound(_("Universe '%(slug)s' not found.") % {"slug": slug[:100]})
    return found


def listing():
    """Every universe with the number of its cards as `asset_count`, newest first."""
    return Universe.objects.annotate(asset_count=Coalesce(CARDS, 0)).order_by(*Universe._meta.ordering)


def create(*, name, slug="", translations=None, **fields):
    """Make a universe; its folder comes with its first file, and what a deleted one left there is archived.

    Without a slug, it gets one from its name; of a name without letters nothing is left, and the slug is
    `universe`, `universe-2` and so on, whatever is free.
    Raises Invalid for a slug that can't name a folder or a language that is not ours, AlreadyExists for a
    taken slug.
    """
    if slug := slug or slug_of(name):
        return _create(name, slug, translations, fields)
    while True:
        try:
            return _create(name, free_slug(UNNAMED), translations, fields)
        except AlreadyExists:
            # Somebody else took it meanwhile: the next one.
            continue


def free_slug(base: str) -> str:
    """The slug, numbered from 2 on where there is a universe or a folder of that slug."""
    alike = Universe.objects.filter(slug__startswith=base[: SLUG_LENGTH // 2])
    taken = set(alike.values_list("slug", flat=True))
    numbered = (numbered_slug(base, number) for number in count(1))
    return next(slug for slug in numbered if slug not in taken and not bucket.names(slug))


def _create(name, slug, translations, fields):
    if not is_slug(slug):
        raise Invalid(
            "slug",
            _("slug takes a-z and 0-9, joined by single '-' or '_', %(most)s characters at most.")
            % {"most": SLUG_LENGTH},
        )
    prompts = {key: fields[key] for key in PROMPTS if key in fields}
    fields = {key: value for key, value in fields.items() if key not in prompts}
    try:
        with transaction.atomic():
            revisions.set_aside_folder(slug)
            universe = Universe.objects.create(name=name, slug=slug, **fields)
            save_prompts(universe, prompts)
            save_translations(universe, translations or {})
    except IntegrityError:
        if Universe.objects.filter(slug=slug).exists():
            raise AlreadyExists(_("Universe with slug '%(slug)s' already exists") % {"slug": slug}) from None
        raise
    revisions.finish(slug)
    return universe


@transaction.atomic
def update(universe, *, author="", translations=None, **fields):
    """Change what is given; `translations` replaces all, and keeps the rows of the languages that stay."""
    prompts = {key: fields.pop(key) for key in PROMPTS if key in fields}
    with edits.recorded(universe, author):
        change(universe, updated_at=timezone.now(), **fields)
        save_prompts(universe, prompts)
        if translations is not None:
            save_translations(universe, translations)
    return universe


def change(row, **fields):
    """Write these columns of a row and no others; NotFound when it was deleted meanwhile."""
    if not type(row).objects.filter(pk=row.pk).update(**fields):
        raise NotFound(_("'%(name)s' was not found; it was deleted meanwhile.") % {"name": row})
    for field, value in fields.items():
        setattr(row, field, value)


def lock(universe):
    """Let others that add to this universe wait until this transaction ends; NotFound when it is gone."""
    if not Universe.objects.select_for_update().filter(pk=universe.pk).exists():
        raise NotFound(
            _("Universe '%(slug)s' not found; it was deleted meanwhile.") % {"slug": universe.slug}
        )


def delete(universe, author=""):
    """Take the rows and then the media folder away; a revision keeps both. NotFound when it is gone."""
    slug = universe.slug
    with transaction.atomic():
        lock(universe)
        revisions.keep(universe, revisions.DELETE, author)
        universe.delete()
    with transaction.atomic():
        revisions.set_aside_folder(slug)
    revisions.finish(slug)


def save_prompts(universe, prompts):
    """Set the given default prompts; the row is made with the first that says something."""
    if not prompts or (
        not any(prompts.values()) and not UniversePrompts.objects.filter(universe=universe).exists()
    ):
        return
    UniversePrompts.objects.update_or_create(universe=universe, defaults=prompts)


def save_translations(universe, names):
    """Make the names per language exactly these; rows of languages that stay keep their ids."""
    check_languages(names)
    universe.translations.exclude(language__in=names).delete()
    for language, name in names.items():
        UniverseTranslation.objects.update_or_create(
            universe=universe, language=language, defaults={"name": name}
        )


def check_languages(names):
    if unknown := sorted(set(names) - set(LANGUAGES)):
        raise Invalid(
            "translations",
            _("'%(unknown)s' is not a language of ours; use %(languages)s.")
            % {"unknown": unknown[0][:20], "languages": ", ".join(LANGUAGES)},
        )
