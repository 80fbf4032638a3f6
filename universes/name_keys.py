"""The folded names of universes and cards, by which they are found and sorted; `NameKey` has them.

The mirrored tables get no column: each row with a name has a key beside it, written by whatever writes the row through
the ORM. A row that came in another way has none until the next `refresh`; until then it is found and sorted by its
name as it stands, and missing in no list.
"""

from django.apps import apps
from django.db import models, transaction
from django.db.models import F, Func, OrderBy, Q, TextField
from django.db.models.functions import Coalesce, Lower

from .folding import fold

BATCH = 1000
NAMES = ("name", "display_name")


class NamedQuerySet(models.QuerySet):
    """Rows that have a name: whatever writes names writes their keys in the same transaction."""

    def bulk_create(self, objs, *args, **options):
        with transaction.atomic(using=self.db):
            made = super().bulk_create(objs, *args, **options)
            write(self.model, [(row.pk, getattr(row, name_of(self.model))) for row in made])
        return made

    def update(self, **values):
        name = name_of(self.model)
        if name not in values and "id" not in values:
            return super().update(**values)
        with transaction.atomic(using=self.db):
            ids = list(self.values_list("pk", flat=True))
            updated = super().update(**values)
            if "id" in values:
                _keys(self.model).filter(**{f"{row_of(self.model)}__in": ids}).update(
                    **{f"{row_of(self.model)}_id": values["id"]}
                )
                ids = [values["id"]]
            if name in values:
                write(self.model, self.model.objects.filter(pk__in=ids).values_list("pk", name))
        return updated


def saved(sender, instance, update_fields, **_options):
    """After a row with a name was saved, or loaded from a fixture."""
    name = name_of(sender)
    if update_fields is None or name in update_fields:
        write(sender, [(instance.pk, getattr(instance, name))])


def name_of(model) -> str:
    """The field with the name of a row."""
    fields = {field.name for field in model._meta.concrete_fields}
    return next(name for name in NAMES if name in fields)


def row_of(model) -> str:
    """The field of `NameKey` that leads to rows of the model."""
    return model._meta.get_field("key").remote_field.name


def _keys(model):
    return model._meta.get_field("key").related_model.objects


def write(model, named) -> None:
    """Write the keys of rows; `named`: `[(pk, name)]`."""
    row = row_of(model)
    keys = _keys(model)
    keys.bulk_create(
        [keys.model(**{f"{row}_id": pk, "text": fold(name)}) for pk, name in named],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=[row],
        update_fields=["text"],
    )


def named_models():
    """The models whose rows have keys."""
    keys = apps.get_model("universes", "NameKey")
    return [field.related_model for field in keys._meta.concrete_fields if field.is_relation]


def unfitting():
    """Pages of `(model, [(pk, name)])`: rows whose key is missing or does not fit their name."""
    for model in named_models():
        rows = model.objects.order_by("pk").values_list("pk", name_of(model), "key__text")
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

    def as_postgresql(self, compiler, connection):
        return super().as_sql(compiler, connection, template='%(expressions)s COLLATE "C"')


def by_name(name: str, path: str = "") -> Plain:
    """The expression that sorts rows as a dictionary does; `name` and `path` as in `naming`."""
    return Plain(Coalesce(f"{path}key__text", Lower(f"{path}{name}")))


def ordered(term: str, expressions: dict) -> OrderBy:
    """The order that a term such as `-name` asks for; `expressions`: what a field is sorted by, other than itself."""
    field = term.removeprefix("-")
    expression = expressions.get(field, F(field))
    return expression.desc() if term.startswith("-") else expression.asc()
