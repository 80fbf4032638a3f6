"""Revisions to choose from: what each holds, without reading all that it keeps."""

import uuid

from django.db.models import Func, IntegerField, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from storage import archive
from universes.errors import NotFound
from universes.models import Revision
from universes.rows import UNIVERS_ASSETS, UNIVERS_MUSIC_PROMPTS


class ArrayLength(Func):
    """How many items the array has that a JSON object has under a key; NULL when there is none."""

    output_field = IntegerField()

    def as_sqlite(self, compiler, connection, **context):
        joiner = ", '$.' || "
        return self.as_sql(compiler, connection, function="JSON_ARRAY_LENGTH", arg_joiner=joiner, **context)

    def as_postgresql(self, compiler, connection, **context):
        return self.as_sql(compiler, connection, function="JSONB_ARRAY_LENGTH", arg_joiner=" -> ", **context)


def find(revision_id):
    """The revision with this id; NotFound for any other text."""
    try:
        return counted().get(pk=uuid.UUID(str(revision_id)))
    except (ValueError, Revision.DoesNotExist):
        raise NotFound(
            _("Revision '%(revision_id)s' not found.") % {"revision_id": str(revision_id)[:100]}
        ) from None


def listing(univers_slug=None):
    """Revisions, newest first, of one universe or of all; their rows are read when somebody asks for them."""
    found = counted().defer("rows").order_by("-created_at", "-pk")
    return found.filter(univers_slug=univers_slug) if univers_slug else found


def counted():
    """Revisions with how many `cards` and `songs` their rows have."""
    return Revision.objects.annotate(
        cards=_number_of(UNIVERS_ASSETS), songs=_number_of(UNIVERS_MUSIC_PROMPTS)
    )


def _number_of(table):
    return Coalesce(ArrayLength("rows", Value(table.name)), Value(0))


def files(revision):
    """`{name: {"sha256", "size"}}` of what it kept; size None: the archived copy is gone, both: there was no file."""
    return {
        name: {"sha256": sha256, "size": archive.size(sha256) if sha256 else None}
        for name, sha256 in sorted(revision.files.items())
    }
