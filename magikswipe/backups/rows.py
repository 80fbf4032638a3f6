"""Rows out of the database and into it, in Django's own JSON: the same for SQLite and PostgreSQL.

https://docs.djangoproject.com/en/5.2/topics/serialization/
"""

import datetime

from django.apps import apps
from django.core import serializers
from django.core.management.color import no_style
from django.core.serializers import sort_dependencies
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

FORM = "jsonl"
BATCH = 500
# Of no use elsewhere: logins, what is found anew by looking, when a daily task is due, and who tried how often.
FORGOTTEN = {"sessions.Session", "storage.FileRecord", "jobs.Chore", "magikswipe.Tally"}
# Beside those: made anew by migrations, made of other rows, and who is alive.
LEFT_OUT = FORGOTTEN | {"auth.Permission", "contenttypes.ContentType", "universes.NameKey", "jobs.Worker"}
# The queue's messages.
LEFT_OUT_APPS = {"django_q"}


class WholeTimes(DjangoJSONEncoder):
    """Times to the microsecond, as the database has them; Django's own cuts them to milliseconds."""

    def default(self, value):
        return value.isoformat() if isinstance(value, datetime.datetime) else super().default(value)


def models():
    """The models whose rows a backup has, parents before children."""
    kept = []
    for config in apps.get_app_configs():
        found = [m for m in config.get_models() if m._meta.managed and m._meta.label not in LEFT_OUT]
        if found and config.label not in LEFT_OUT_APPS:
            kept.append((config, found))
    return _parents_first(sort_dependencies(kept))


def _parents_first(unsorted):
    placed = []

    def place(model):
        if model in placed:
            return
        for field in model._meta.concrete_fields:
            parent = field.related_model
            if parent in unsorted and parent is not model:
                place(parent)
        placed.append(model)

    for model in unsorted:
        place(model)
    return placed


def write(model, stream, using):
    """Write all rows of a model to a text stream, a line each; returns how many there are."""
    rows = model._base_manager.using(using).order_by("pk")
    serializers.serialize(
        FORM,
        rows.iterator(chunk_size=BATCH),
        stream=stream,
        use_natural_foreign_keys=True,
        cls=WholeTimes,
    )
    return rows.count()


def replace_all(streams):
    """Delete the rows of all models and put in those of `streams`, `{model: text stream}`; in a transaction."""
    for model in reversed(models()):
        _delete(model)
    for model, stream in streams.items():
        _insert(model, stream)
    connection.check_constraints()
    _reset_sequences(list(streams))


def _delete(model):
    for relation in model._meta.local_many_to_many:
        if relation.remote_field.through._meta.auto_created:
            relation.remote_field.through._base_manager.all()._raw_delete(connection.alias)
    model._base_manager.all()._raw_delete(connection.alias)


def _insert(model, stream):
    batch = []
    for row in serializers.deserialize(FORM, stream):
        batch.append(row)
        if len(batch) == BATCH:
            _insert_batch(model, batch)
            batch = []
    _insert_batch(model, batch)


def _insert_batch(model, batch):
    model._base_manager.bulk_create([row.object for row in batch])
    for row in batch:
        for name, values in (row.m2m_data or {}).items():
            getattr(row.object, name).set(values)


def _reset_sequences(given):
    """PostgreSQL's counters know nothing of rows that came with their numbers."""
    statements = connection.ops.sequence_reset_sql(no_style(), given)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def forget_the_rest():
    """Delete what a backup does not have and what the former installation must not leave behind."""
    for label in sorted(FORGOTTEN):
        apps.get_model(label)._base_manager.all().delete()
    for model in apps.get_app_config("django_q").get_models():
        model._base_manager.all().delete()
