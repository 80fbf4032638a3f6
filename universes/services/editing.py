"""Saving what a person typed into a page that may be older than somebody else's change."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from ..errors import NotFound
from ..models import LANGUAGES, Asset, Universe
from . import assets, edits, music, universes

WHOLE_NUMBERS, SWITCHES = {"sort_order"}, {"is_public"}


@dataclass(frozen=True)
class Conflict:
    """A field that changed since the page was shown: what the person typed, what it is now, whose that is.

    `author` is empty and `created_at` None where nobody knows, as after a pull; `job`: the type of the job that
    changed it, empty where the author did.
    """

    field: str
    yours: str
    theirs: str
    author: str
    created_at: datetime | None
    job: str = ""


@transaction.atomic
def save(item, typed, seen, author=""):
    """Change a universe, card or song by `typed`, `{field: text}` with the fields of `edits.words`.

    `seen`: what the page showed of them. A field that somebody else changed meanwhile is left as it is, the rest
    is saved; returns the Conflicts of what was not. NotFound when the item is gone.
    """
    universes.lock(edits.about(item)[0])
    if not type(item).objects.filter(pk=item.pk).exists():
        raise NotFound(_("'%(name)s' was not found; it was deleted meanwhile.") % {"name": item})
    present = edits.words(item)
    wanted, late = _compared(present, typed, seen)
    change(item, wanted, present, author)
    return [_conflict(item, field, text, present[field]) for field, text in late.items()]


def conflicts(item, typed, seen):
    """The Conflicts that `save` would return; nothing is saved."""
    present = edits.words(item)
    _wanted, late = _compared(present, typed, seen)
    return [_conflict(item, field, text, present[field]) for field, text in late.items()]


def _compared(present, typed, seen):
    """What of `typed` is to be saved, and what somebody else changed meanwhile."""
    new = {field: text for field, text in typed.items() if text not in (seen.get(field), present[field])}
    late = {field: text for field, text in new.items() if seen.get(field, present[field]) != present[field]}
    return {field: text for field, text in new.items() if field not in late}, late


def change(item, fields, present, author):
    """Write fields as `edits.words` names them through the service of the item."""
    if not fields:
        return
    names = {field: text for field, text in fields.items() if field in edits.NAMES}
    values = {field: _value(field, text) for field, text in fields.items() if field not in names}
    if names:
        values["translations"] = _translations(present | names)
    {Universe: universes, Asset: assets}.get(type(item), music).update(item, author=author, **values)


def _value(field, text):
    if field in WHOLE_NUMBERS:
        return int(text) if text else None
    if field in SWITCHES:
        return text == str(True)
    return text or None


def _translations(words):
    return {language: name for language in LANGUAGES if (name := words[f"name_{language}"])}


def _conflict(item, field, yours, theirs):
    edit = edits.last(item, field)
    if not edit or edit.new != theirs:
        return Conflict(field, yours, theirs, "", None)
    return Conflict(field, yours, theirs, edit.author, edit.created_at, edit.job)
