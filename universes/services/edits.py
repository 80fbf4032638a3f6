"""Words of universes, cards and songs: changed, compared with somebody else's change, and traced to their author."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, TypeVar

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from storage.messages import gettext as _

from ..errors import Invalid, NotFound
from ..models import (
    LANGUAGES,
    Asset,
    AssetPrompts,
    AssetTranslation,
    Edit,
    MusicPrompt,
    Universe,
    UniversePrompts,
    UniverseTranslation,
)

Item = Universe | Asset | MusicPrompt
AnyItem = TypeVar("AnyItem", bound=Universe | Asset | MusicPrompt)
Value = str | int | bool | datetime | None

BREAK = re.compile(r"\r\n|\r|\n")
UNIVERSE, CARD, SONG = "universe", "card", "song"
UNIVERSE_PROMPTS = ("default_image_prompt", "default_video_prompt")
CARD_PROMPTS = ("custom_image_prompt", "custom_video_prompt")
NAMES = tuple(f"name_{language}" for language in LANGUAGES)
WHOLE_NUMBERS, SWITCHES = {"sort_order"}, {"is_public"}


@dataclass(frozen=True)
class Fields:
    """The columns of an item that people change, and those of the rows that belong to it.

    `parent`: the column of prompts and translations that leads to the item. `name`: the column of a translation.
    `new_prompts`: columns of prompts that were written and never used.
    """

    kind: str
    columns: tuple[str, ...]
    parent: str = ""
    prompts: type[models.Model] | None = None
    prompt_columns: tuple[str, ...] = ()
    new_prompts: dict[str, Value] = field(default_factory=dict)
    translations: type[models.Model] | None = None
    name: str = ""


FIELDS: dict[type[models.Model], Fields] = {
    Universe: Fields(
        UNIVERSE,
        ("name", "is_public", "background_color", "background_music", "thumbnail_url"),
        parent="universe",
        prompts=UniversePrompts,
        prompt_columns=UNIVERSE_PROMPTS,
        translations=UniverseTranslation,
        name="name",
    ),
    Asset: Fields(
        CARD,
        ("display_name", "sort_order"),
        parent="asset",
        prompts=AssetPrompts,
        prompt_columns=CARD_PROMPTS,
        new_prompts={"generation_count": 0},
        translations=AssetTranslation,
        name="display_name",
    ),
    MusicPrompt: Fields(SONG, ("prompt", "lyrics")),
}


# --- Reading


def words(item: Item) -> dict[str, str]:
    """Everything that people change of an item, as the database has it now: `{field: text}`.

    A name in a language is `name_fr`; a missing or empty value is ''. All lines end in LF, whatever is stored, since
    browsers send no other line end back.
    """
    return {name: BREAK.sub("\n", text) for name, text in stored(item).items()}


def stored(item: Item) -> dict[str, str]:
    """The same with the line ends that are stored."""
    fields = FIELDS[type(item)]
    found = _values(type(item), {"pk": item.pk}, fields.columns)
    if fields.prompts:
        found |= _values(fields.prompts, {fields.parent: item.pk}, fields.prompt_columns)
    if fields.translations:
        rows = fields.translations._default_manager.filter(**{fields.parent: item.pk})
        names = dict(rows.values_list("language", fields.name))
        found |= {f"name_{language}": _text(names.get(language)) for language in LANGUAGES}
    return found


def _values(model: type[models.Model], key: dict[str, Any], columns: tuple[str, ...]) -> dict[str, str]:
    row = model._default_manager.filter(**key).values(*columns).first() or {}
    return {column: _text(row.get(column)) for column in columns}


def _text(value: object) -> str:
    return "" if value is None else str(value)


# --- Writing


def lock(universe: Universe) -> None:
    """Hold a universe until the transaction ends, so that others wait; NotFound when it is gone."""
    if not Universe.objects.select_for_update().filter(pk=universe.pk).exists():
        raise NotFound(
            _("Universe '%(slug)s' not found; it was deleted meanwhile.") % {"slug": universe.slug}
        )


@transaction.atomic
def update(
    item: AnyItem,
    *,
    author: str = "",
    job: str = "",
    translations: Mapping[str, str] | None = None,
    **fields: Value,
) -> AnyItem:
    """Change the given columns and prompts; `translations`, `{language: name}`, replaces all names.

    A card's file name stays, and so does a finished song. `job`: the type of the job that makes the change, which the
    author started. NotFound when the item is gone.
    """
    prompts = {column: fields.pop(column) for column in FIELDS[type(item)].prompt_columns if column in fields}
    if not isinstance(item, MusicPrompt):
        fields["updated_at"] = timezone.now()
    if fields:
        with recorded(item, author, job):
            _write(item, fields)
            save_prompts(item, prompts)
            if translations is not None:
                save_translations(item, translations)
    return item


def _write(item: Item, fields: dict[str, Value]) -> None:
    if not _rows(item).update(**fields):
        raise NotFound(_("'%(name)s' was not found; it was deleted meanwhile.") % {"name": item})
    for column, value in fields.items():
        setattr(item, column, value)


def _rows(item: Item) -> models.QuerySet[Any]:
    model: type[models.Model] = type(item)
    return model._default_manager.filter(pk=item.pk)


def save_prompts(item: Item, prompts: Mapping[str, Value]) -> None:
    """Set prompts of a universe or card; their row is made with the first that is not empty."""
    fields = FIELDS[type(item)]
    if not prompts or not fields.prompts:
        return
    rows, parent = fields.prompts._default_manager, _parent(fields, item)
    if any(prompts.values()) or rows.filter(**parent).exists():
        rows.update_or_create(**parent, defaults=prompts, create_defaults={**prompts, **fields.new_prompts})


def save_translations(item: Item, names: Mapping[str, str]) -> None:
    """Make the names per language exactly these; rows of languages that stay keep their ids."""
    check_languages(names)
    fields = FIELDS[type(item)]
    if not fields.translations:
        return
    rows, parent = fields.translations._default_manager, _parent(fields, item)
    rows.filter(**parent).exclude(language__in=names).delete()
    for language, name in names.items():
        rows.update_or_create(**parent, language=language, defaults={fields.name: name})


def _parent(fields: Fields, item: Item) -> dict[str, Any]:
    return {fields.parent: item}


def check_languages(names: Mapping[str, object]) -> None:
    """Raise Invalid unless all keys are languages."""
    if unknown := sorted(set(names) - set(LANGUAGES)):
        raise Invalid(
            "translations",
            _("'%(unknown)s' is not a language of ours; use %(languages)s.")
            % {"unknown": unknown[0][:20], "languages": ", ".join(LANGUAGES)},
        )


# --- Saving a page that may be older than somebody else's change


@dataclass(frozen=True)
class Conflict:
    """A field that changed after the page was shown: the typed text, the present one, and whose that is.

    `author` is empty and `created_at` None where the author is unknown, as after a pull; `job`: the type of the job
    that changed it, empty where the author did.
    """

    field: str
    yours: str
    theirs: str
    author: str
    created_at: datetime | None
    job: str = ""


@transaction.atomic
def save(item: Item, typed: dict[str, str], seen: dict[str, str], author: str = "") -> list[Conflict]:
    """Change an item by `typed`, `{field: text}` with the fields of `words`; returns the Conflicts.

    `seen`: the words that the page showed. A field that somebody else changed meanwhile stays as it is, all others
    are saved. NotFound when the item is gone.
    """
    lock(_about(item)[0])
    if not _rows(item).exists():
        raise NotFound(_("'%(name)s' was not found; it was deleted meanwhile.") % {"name": item})
    present = words(item)
    wanted, late = _compared(present, typed, seen)
    _save_words(item, wanted, author)
    return [_conflict(item, name, text, present[name]) for name, text in late.items()]


def conflicts(item: Item, typed: dict[str, str], seen: dict[str, str]) -> list[Conflict]:
    """The Conflicts that `save` would return; nothing is saved."""
    present = words(item)
    _wanted, late = _compared(present, typed, seen)
    return [_conflict(item, name, text, present[name]) for name, text in late.items()]


def _compared(
    present: dict[str, str], typed: dict[str, str], seen: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The part of `typed` to save, and the part that somebody else changed meanwhile."""
    new = {name: text for name, text in typed.items() if text not in (seen.get(name), present[name])}
    late = {name: text for name, text in new.items() if seen.get(name, present[name]) != present[name]}
    return {name: text for name, text in new.items() if name not in late}, late


def _save_words(item: Item, typed: dict[str, str], author: str) -> None:
    if not typed:
        return
    before = stored(item)
    typed = {name: with_line_ends(text, before[name]) for name, text in typed.items()}
    columns = {name: _value(name, text) for name, text in typed.items() if name not in NAMES}
    after, names = before | typed, None
    if columns.keys() != typed.keys():
        names = {language: name for language in LANGUAGES if (name := after[f"name_{language}"])}
    update(item, author=author, job="", translations=names, **columns)


def with_line_ends(text: str, stored: str) -> str:
    """A text whose lines end in LF, with the line ends of `stored`, its former version.

    Lines before and behind the change end as they did; new ones as the first of `stored`.
    """
    ends = BREAK.findall(stored)
    if not set(ends) - {"\n"}:
        return text
    old, new = BREAK.split(stored), text.split("\n")
    head, tail = _alike(old, new), _alike(old[::-1], new[::-1])
    # Counted from the end, line `number` of the new ones is this one of the old.
    behind = range(len(new) - tail, len(new) - 1)
    found = {number: ends[number + len(old) - len(new)] for number in behind}
    found |= dict(enumerate(ends[:head]))
    made = "".join(line + found.get(number, ends[0]) for number, line in enumerate(new[:-1])) + new[-1]
    # A CR, and the LF of an empty line behind it, would be one line end.
    return made if BREAK.split(made) == new else text.replace("\n", ends[0])


def _alike(some: list[str], others: list[str]) -> int:
    """How many lines are the same from the start on."""
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False)))


def _value(column: str, text: str) -> Value:
    if column in WHOLE_NUMBERS:
        return int(text) if text else None
    if column in SWITCHES:
        return text == str(True)
    return text or None


def _conflict(item: Item, name: str, yours: str, theirs: str) -> Conflict:
    universe, kind, subject = _about(item)
    edit = Edit.objects.filter(universe=universe, kind=kind, subject=subject, field=name).first()
    if not edit or edit.new != theirs:
        return Conflict(name, yours, theirs, "", None)
    return Conflict(name, yours, theirs, edit.author, edit.created_at, edit.job)


# --- The trace


@contextmanager
def recorded(item: Item, author: str, job: str = "") -> Iterator[None]:
    """Record the changes that the block makes to an item; within the transaction that changes it.

    `job`: the type of the job that makes them, which the author started.
    """
    before = words(item)
    yield
    after = words(item)
    changed = [name for name in after if before[name] != after[name]]
    Edit.objects.bulk_create(_edit(item, author, job, name, before[name], after[name]) for name in changed)


def record_created(item: Item, author: str, job: str = "") -> None:
    """Record that a card or song was made."""
    _edit(item, author, job, "", "", str(item)).save(force_insert=True)


def _edit(item: Item, author: str, job: str, name: str, old: str, new: str) -> Edit:
    universe, kind, subject = _about(item)
    return Edit(
        universe=universe,
        kind=kind,
        subject=subject,
        label=str(item),
        field=name,
        old=old,
        new=new,
        author=author,
        job=job,
    )


def _about(item: Item) -> tuple[Universe, str, str]:
    """`(universe, kind, subject)`: a card goes by its file's name, which stays whatever id it gets."""
    if isinstance(item, Universe):
        return item, UNIVERSE, ""
    if isinstance(item, Asset):
        return item.universe, CARD, item.image_name
    return item.universe, SONG, item.language


def prune() -> None:
    """Delete edits that are older than revisions may be."""
    Edit.objects.filter(created_at__lt=timezone.now() - timedelta(days=settings.ARCHIVE_DAYS)).delete()
