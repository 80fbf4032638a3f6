"""Saving what a person typed into a page that may be older than somebody else's change."""

from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

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
    change(item, wanted, author)
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


def change(item, fields: dict[str, str], author: str) -> None:
    """Write fields as `edits.words` names them through the service of the item; lines end as they did."""
    if not fields:
        return
    stored = edits.stored(item)
    fields = {field: with_line_ends(text, stored[field]) for field, text in fields.items()}
    names = {field: text for field, text in fields.items() if field in edits.NAMES}
    values = {field: _value(field, text) for field, text in fields.items() if field not in names}
    if names:
        values["translations"] = _translations(stored | names)
    {Universe: universes, Asset: assets}.get(type(item), music).update(item, author=author, **values)


def with_line_ends(text: str, stored: str) -> str:
    """A text whose lines end in LF with the line ends of `stored`, which it was before somebody changed it.

    Lines before and behind what was changed end as they did; new ones as the first of `stored`.
    """
    ends = edits.BREAK.findall(stored)
    if not set(ends) - {"\n"}:
        return text
    old, new = edits.BREAK.split(stored), text.split("\n")
    head, tail = _alike(old, new), _alike(old[::-1], new[::-1])
    # Counted from the end, line `number` of the new ones is this one of the old.
    behind = range(len(new) - tail, len(new) - 1)
    found = {number: ends[number + len(old) - len(new)] for number in behind}
    found |= dict(enumerate(ends[:head]))
    made = "".join(line + found.get(number, ends[0]) for number, line in enumerate(new[:-1])) + new[-1]
    # A CR, and the LF of an empty line behind it, would be one line end.
    return made if edits.BREAK.split(made) == new else text.replace("\n", ends[0])


def _alike(some: list[str], others: list[str]) -> int:
    """How many lines are the same from the start on."""
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False)))


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
