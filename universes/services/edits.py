"""Who changed which words when; every interface's changes leave their trace here."""

import re
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from ..models import LANGUAGES, Asset, AssetPrompts, Edit, MusicPrompt, Universe, UniversePrompts

BREAK = re.compile(r"\r\n|\r|\n")
UNIVERSE, CARD, SONG = "universe", "card", "song"

OF_UNIVERSE = ("name", "is_public", "background_color", "background_music", "thumbnail_url")
OF_CARD = ("display_name", "sort_order")
OF_SONG = ("prompt", "lyrics")
UNIVERSE_PROMPTS = ("default_image_prompt", "default_video_prompt")
CARD_PROMPTS = ("custom_image_prompt", "custom_video_prompt")
NAMES = tuple(f"name_{language}" for language in LANGUAGES)


def words(item):
    """Everything that one can change of a universe, card or song, as the database has it now: `{field: text}`.

    A name in a language is `name_fr`; what is empty or missing is ''. Lines end in one way, whatever is stored: a
    browser sends no other back.
    """
    return {field: BREAK.sub("\n", text) for field, text in stored(item).items()}


def stored(item):
    """The same with the line ends that are stored."""
    return {Universe: _words_of_universe, Asset: _words_of_card, MusicPrompt: _words_of_song}[type(item)](
        item
    )


def _words_of_universe(universe):
    names = dict(universe.translations.values_list("language", "name"))
    return (
        _values(Universe.objects.filter(pk=universe.pk), OF_UNIVERSE)
        | _values(UniversePrompts.objects.filter(universe=universe), UNIVERSE_PROMPTS)
        | _names(names)
    )


def _words_of_card(card):
    names = dict(card.translations.values_list("language", "display_name"))
    return (
        _values(Asset.objects.filter(pk=card.pk), OF_CARD)
        | _values(AssetPrompts.objects.filter(asset=card), CARD_PROMPTS)
        | _names(names)
    )


def _words_of_song(song):
    return _values(MusicPrompt.objects.filter(pk=song.pk), OF_SONG)


def _values(queryset, fields):
    found = queryset.values(*fields).first() or {}
    return {field: _text(found.get(field)) for field in fields}


def _names(by_language):
    return {f"name_{language}": _text(by_language.get(language)) for language in LANGUAGES}


def _text(value):
    return "" if value is None else str(value)


@contextmanager
def recorded(item, author, job=""):
    """Remember what the block changes of a universe, card or song; within the transaction that changes it.

    `job`: the type of the job that does it, for one that the author started.
    """
    before = words(item)
    yield
    after = words(item)
    changed = [field for field in after if before[field] != after[field]]
    Edit.objects.bulk_create(
        _edit(item, author, job, field, before[field], after[field]) for field in changed
    )


def created(item, author, job=""):
    """Remember that a card or song was made."""
    _edit(item, author, job, "", "", str(item)).save(force_insert=True)


def _edit(item, author, job, field, old, new):
    universe, kind, subject = about(item)
    return Edit(
        universe=universe,
        kind=kind,
        subject=subject,
        label=str(item),
        field=field,
        old=old,
        new=new,
        author=author,
        job=job,
    )


def about(item):
    """`(universe, kind, subject)`: a card goes by its file's name, which stays whatever id it gets."""
    if isinstance(item, Universe):
        return item, UNIVERSE, ""
    if isinstance(item, Asset):
        return item.universe, CARD, item.image_name
    return item.universe, SONG, item.language


def last(item, field):
    """The latest Edit of this field; None when nobody's is known."""
    universe, kind, subject = about(item)
    return Edit.objects.filter(universe=universe, kind=kind, subject=subject, field=field).first()


def prune():
    """Forget what is older than revisions may be."""
    Edit.objects.filter(created_at__lt=timezone.now() - timedelta(days=settings.ARCHIVE_DAYS)).delete()
