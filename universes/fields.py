"""Foreign keys whose rows the database itself deletes with their parent, as Supabase's do.

Django 5.2 deletes children in Python alone; a constraint in the column's definition does it for any client
(https://docs.djangoproject.com/en/5.2/ref/models/fields/#django.db.models.ForeignKey.on_delete).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

# Of a field: what it takes, and what it gives.
Set = TypeVar("Set", contravariant=True)
Get = TypeVar("Get", covariant=True)


class CascadeKey(models.ForeignKey[Set, Get]):
    """Writes the constraint itself, in CREATE TABLE; Django's own, without the cascade, stays away."""

    def __init__(
        self, to: type[models.Model], on_delete: Callable[..., None] = models.CASCADE, **options: Any
    ) -> None:
        options["db_constraint"] = False
        super().__init__(to, on_delete, **options)

    def db_type_suffix(self, connection: BaseDatabaseWrapper) -> str:
        quote = connection.ops.quote_name
        parent = self.remote_field.model._meta
        return (
            f"REFERENCES {quote(parent.db_table)} ({quote(str(parent.pk.column))}) "
            "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"
        )


class CascadeOneToOne(CascadeKey[Set, Get], models.OneToOneField[Set, Get]):
    pass
