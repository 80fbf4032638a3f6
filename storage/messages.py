"""Sentences for people that rows keep: a message id, which is the English text, and its parameters.

A module whose sentences may be stored uses `gettext` and `ngettext` of this module instead of Django's. They are called
alike, so that makemessages finds their ids, and filled in alike: `gettext("Picture of %(card)s") % {"card": card}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import models
from django.utils import translation
from django.utils.functional import Promise

Param: TypeAlias = "str | int | float | Message | list[Param]"

# Shows words of somebody else, which no catalogue has, as they are.
LITERAL = "%(text)s"


@dataclass(frozen=True)
class Message:
    """A sentence; as a text it is in the reader's language, `english` always in English.

    `plural`: the id for any number but one; it comes with the number, `count`. An empty message is false.
    """

    id: str = ""
    params: Mapping[str, Param] = field(default_factory=dict, hash=False)
    plural: str = ""
    count: int | float | None = None

    def __str__(self) -> str:
        return self._filled(translation.gettext, translation.ngettext, str)

    def __bool__(self) -> bool:
        return bool(self.id)

    def __mod__(self, params: Mapping[str, object]) -> Message:
        return replace(self, params={name: _param(value) for name, value in params.items()})

    @property
    def english(self) -> str:
        return self._filled(
            lambda id: id, lambda one, many, n: one if n == 1 else many, lambda said: said.english
        )

    def _filled(
        self,
        one: Callable[[str], str],
        several: Callable[[str, str, Any], str],
        nested: Callable[[Message], str],
    ) -> str:
        if not self.id:
            return ""
        words = several(self.id, self.plural, self.count) if self.plural else one(self.id)
        return (
            words % {name: _shown(value, nested) for name, value in self.params.items()}
            if self.params
            else words
        )

    def to_json(self) -> str | dict[str, object]:
        """A text for a literal, else `{"id": …}` with `params`, `plural` and `count` where it has them."""
        if not self or self.id == LITERAL:
            return str(self.params.get("text", ""))
        params = {name: _to_json(value) for name, value in self.params.items()}
        numbered = {"plural": self.plural, "count": self.count} if self.plural else {}
        return {"id": self.id, **({"params": params} if params else {}), **numbered}

    @classmethod
    def from_json(cls, found: str | Mapping[str, Any]) -> Message:
        if isinstance(found, str):
            return literal(found)
        params = {name: _from_json(value) for name, value in found.get("params", {}).items()}
        return cls(found["id"], params, found.get("plural", ""), found.get("count"))


# A sentence, or somebody else's words.
Text: TypeAlias = Message | str


def gettext(id: str) -> Message:
    return Message(id)


def ngettext(one: str, many: str, count: int | float) -> Message:
    return Message(one, plural=many, count=count)


def literal(text: str) -> Message:
    """Somebody else's words: the same in every language."""
    return Message(LITERAL, {"text": text}) if text else Message()


def of(said: object) -> Message:
    """The message that an exception carries, or that a lazy text was made of; any other text as a literal."""
    if isinstance(said, Message):
        return said
    if isinstance(said, BaseException):
        return next((part for part in said.args if isinstance(part, Message)), literal(str(said)))
    if isinstance(said, Promise):
        with translation.override("en"):
            return Message(str(said))
    return literal(str(said))


def together(*said: object) -> Message:
    """Several sentences, one after the other."""
    found = [one for one in map(of, said) if one]
    names = [f"sentence{number}" for number in range(len(found))]
    return Message(" ".join(f"%({name})s" for name in names), dict(zip(names, found, strict=True)))


def _param(value: object) -> Param:
    if isinstance(value, list | tuple):
        return [_param(one) for one in value]
    if isinstance(value, str | int | float):
        return value
    found = of(value)
    return str(found.params["text"]) if found.id == LITERAL else found


def _shown(value: Param, nested: Callable[[Message], str]) -> object:
    if isinstance(value, list):
        return ", ".join(str(_shown(one, nested)) for one in value)
    return nested(value) if isinstance(value, Message) else value


def _to_json(value: Param) -> object:
    if isinstance(value, list):
        return [_to_json(one) for one in value]
    return value.to_json() if isinstance(value, Message) else value


def _from_json(value: object) -> Param:
    if isinstance(value, list):
        return [_from_json(one) for one in value]
    return Message.from_json(value) if isinstance(value, dict) else _param(value)


if TYPE_CHECKING:
    _Texts = models.TextField[object, Any]
else:
    _Texts = models.TextField


class MessageField(_Texts):
    """A message in a column of texts: a literal as it is, any other as JSON.

    Rows from before messages hold texts, so these are literals. Assigned texts become literals when they are saved.
    """

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """A TextField to migrations, since the column is one."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def from_db_value(self, value: str | None, *_: object) -> Message | None:
        return None if value is None else read(value)

    def to_python(self, value: object) -> Message | None:
        return None if value is None else read(value) if isinstance(value, str) else of(value)

    def get_prep_value(self, value: object) -> str | None:
        return None if value is None else write(of(value))

    def value_to_string(self, obj: models.Model) -> str:
        return write(of(self.value_from_object(obj)))


def write(said: Message) -> str:
    found = said.to_json()
    # A literal that could be taken for JSON is stored as JSON itself.
    if isinstance(found, str) and found.startswith("{"):
        found = {"id": LITERAL, "params": {"text": found}}
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def read(text: str) -> Message:
    """The message of a text that `write` made; any other text is a literal."""
    if not text.startswith('{"id": '):
        return literal(text)
    try:
        return Message.from_json(json.loads(text))
    except (ValueError, LookupError, AttributeError):
        return literal(text)
