"""Foreign keys whose rows the database itself takes away with their parent, as Supabase's do.

Django 5.2 deletes children in Python alone; a constraint in the column's definition does it whoever deletes
(https://docs.djangoproject.com/en/5.2/ref/models/fields/#django.db.models.ForeignKey.on_delete).
"""

from django.db import models


class CascadeMixin:
    """Writes the constraint itself, in CREATE TABLE; Django's own, without the cascade, stays away."""

    def __init__(self, to, on_delete=models.CASCADE, **options):
        options["db_constraint"] = False
        super().__init__(to, on_delete, **options)

    def db_type_suffix(self, connection):
        quote = connection.ops.quote_name
        parent = self.remote_field.model._meta
        return (
            f"REFERENCES {quote(parent.db_table)} ({quote(parent.pk.column)}) "
            "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"
        )


class CascadeKey(CascadeMixin, models.ForeignKey):
    pass


class CascadeOneToOne(CascadeMixin, models.OneToOneField):
    pass
