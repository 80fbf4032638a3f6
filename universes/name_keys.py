"""Name keys: the folded names of universes and cards, by which searches find and lists sort them (`NameKey`).

The mirrored tables get no column: each row with a name has a key beside it, written with each write of the row
through the ORM. A row that came in another way has none until the next `refresh`; until then it is found and sorted by
its name as it stands, and missing in no list.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, cast

from django.apps import apps
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, OrderBy, Q, TextField
from django.db.models.functions import Coalesce, Lower
from django.db.models.sql.compiler import SQLCompiler

BATCH = 1000
NAMES = ("name", "display_name")

# Casefolding and decomposing (https://www.unicode.org/reports/tr15/) leave these alone.
LETTERS = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "þ": "th", "ı": "i"}
    | dict.fromkeys("’‘‛ʼ′´", "'")
    | dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
)
# They choose between two looks of the character before them.
VARIATIONS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def fold(text: str | None) -> str:
    """A text as searches compare it and lists sort it: one rule for all languages.

    Decomposed with compatibility (NFKD), without marks, casefolded, ligatures and ß as two letters, the quotes and
    dashes of a typographer as those of a keyboard, one space between words. Sorted by code points, it stands where a
    dictionary has it.
    """
    if not text or text.isascii():
        return " ".join((text or "").lower().split())
    plain = text.casefold().translate(LETTERS)
    letters = unicodedata.normalize("NFKD", plain).casefold().translate(LETTERS)
    seen = (c for c in VARIATIONS.sub("", letters) if not (unicodedata.combining(c) or _is_format(c)))
    return " ".join("".join(seen).split())


def _is_format(character: str) -> bool:
    # Joiners, directions, soft hyphens.
    return unicodedata.category(character) == "Cf"


# --- Writing


Row = TypeVar("Row", bound=models.Model)


class NamedQuerySet(models.QuerySet[Row]):
    """Rows that have a name: a write of names writes their keys in the same transaction."""

    def bulk_create(self, objs: Iterable[Row], *args: Any, **options: Any) -> list[Row]:
        with transaction.atomic(using=self.db):
            made = super().bulk_create(objs, *args, **options)
            write(self.model, [(row.pk, getattr(row, name_of(self.model))) for row in made])
        return made

    def update(self, **values: Any) -> int:
        name = name_of(self.model)
        if name not in values and "id" not in values:
            return super().update(**values)
        with transaction.atomic(using=self.db):
            ids = list(self.values_list("pk", flat=True))
            updated = super().update(**values)
            if "id" in values:
                _keys().filter(**{f"{row_of(self.model)}__in": ids}).update(
                    **{f"{row_of(self.model)}_id": values["id"]}
                )
                ids = [values["id"]]
            if name in values:
                write(self.model, self.model._default_manager.filter(pk__in=ids).values_list("pk", name))
        return updated


def saved(
    sender: type[models.Model],
    instance: models.Model,
    update_fields: Iterable[str] | None,
    **_options: object,
) -> None:
    """Write the key of a row that was saved, or loaded from a fixture."""
    name = name_of(sender)
    if update_fields is None or name in update_fields:
        write(sender, [(instance.pk, getattr(instance, name))])


def name_of(model: type[models.Model]) -> str:
    """The field with the name of a row."""
    fields = {field.name for field in model._meta.concrete_fields}
    return next(name for name in NAMES if name in fields)


def row_of(model: type[models.Model]) -> str:
    """The field of `NameKey` that leads to rows of the model."""
    return _key_field(model).name


def _key_field(model: type[models.Model]) -> "models.Field[Any, Any]":
    return next(field for field in _key_fields() if field.related_model is model._meta.concrete_model)


def _key_fields() -> "list[models.Field[Any, Any]]":
    """The fields of `NameKey` that lead to rows with a name."""
    keys = apps.get_model("universes", "NameKey")
    return [field for field in keys._meta.concrete_fields if field.is_relation]


def _keys() -> Any:
    return apps.get_model("universes", "NameKey")._default_manager


def write(model: type[models.Model], named: Iterable[tuple[Any, str | None]]) -> None:
    """Write the keys of rows; `named`: `[(pk, name)]`."""
    row = row_of(model)
    keys = _keys()
    keys.bulk_create(
        [keys.model(**{f"{row}_id": pk, "text": fold(name)}) for pk, name in named],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=[row],
        update_fields=["text"],
    )


def named_models() -> list[type[models.Model]]:
    """The models whose rows have keys."""
    return [cast(type[models.Model], field.related_model) for field in _key_fields()]


def unfitting() -> Iterator[tuple[type[models.Model], list[tuple[Any, str | None]]]]:
    """Pages of `(model, [(pk, name)])`: rows whose key is missing or does not fit their name."""
    for model in named_models():
        rows = model._default_manager.order_by("pk").values_list("pk", name_of(model), "key__text")
        page = list(rows[:BATCH])
        while page:
            yield model, [(pk, name) for pk, name, key in page if key != fold(name)]
            page = list(rows.filter(pk__gt=page[-1][0])[:BATCH])


def refresh() -> int:
    """Write the keys that are missing or do not fit, of rows that came otherwise than through the ORM; how many."""
    written = 0
    for model, rows in unfitting():
        write(model, rows)
        written += len(rows)
    return written


# --- Reading


def naming(text: str, name: str, path: str = "") -> Q:
    """The condition that the name of a row has this text in it.

    `name`: the field that has it; `path`: what leads to the row from another one, such as `universe__`.
    """
    unkeyed = Q(**{f"{path}key": None, f"{path}{name}__icontains": text})
    return Q(**{f"{path}key__text__contains": fold(text)}) | unkeyed


class Plain(Func):
    """A text that is sorted by its code points, whatever the database's own order: SQLite's is that already."""

    template = "%(expressions)s"
    output_field = TextField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        return super().as_sql(compiler, connection, template='%(expressions)s COLLATE "C"')


def by_name(name: str, path: str = "") -> Plain:
    """The expression that sorts rows as a dictionary does; `name` and `path` as in `naming`."""
    return Plain(Coalesce(f"{path}key__text", Lower(f"{path}{name}")))


def ordered(term: str, expressions: Mapping[str, Func]) -> OrderBy:
    """The order of a term such as `-name`; `expressions`: those that sort a field otherwise than by itself."""
    field = term.removeprefix("-")
    expression = expressions.get(field, F(field))
    return expression.desc() if term.startswith("-") else expression.asc()
