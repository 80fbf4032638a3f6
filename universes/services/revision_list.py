"""The list of revisions: how much each holds is counted by the database, so that no rows need be read."""

import uuid
from typing import Any, TypedDict

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, IntegerField, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.sql.compiler import SQLCompiler

from storage import archive
from storage.messages import message as _

from ..errors import NotFound
from ..models import Revision
from ..rows import UNIVERS_ASSETS, UNIVERS_MUSIC_PROMPTS, Table


class ArchivedFile(TypedDict):
    """`sha256` None: there was no such file. `size`, in bytes, None: the archived copy is gone, or never was."""

    sha256: str | None
    size: int | None


class ArrayLength(Func):
    """The number of items in the array under a key of a JSON object; NULL where there is no such array."""

    output_field = IntegerField()

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, list[Any]]:
        joiner = ", '$.' || "
        return self.as_sql(compiler, connection, function="JSON_ARRAY_LENGTH", arg_joiner=joiner, **context)

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, list[Any]]:
        return self.as_sql(compiler, connection, function="JSONB_ARRAY_LENGTH", arg_joiner=" -> ", **context)


def find(revision_id: object) -> Revision:
    """Raises NotFound, also for a text that is no id."""
    try:
        return counted().get(pk=uuid.UUID(str(revision_id)))
    except (ValueError, Revision.DoesNotExist):
        raise NotFound(
            _("Revision '%(revision_id)s' not found.") % {"revision_id": str(revision_id)[:100]}
        ) from None


def listing(univers_slug: str | None = None) -> QuerySet[Revision]:
    """Revisions of one universe or of all, newest first; `rows` are deferred."""
    found = counted().defer("rows").order_by("-created_at", "-pk")
    return found.filter(univers_slug=univers_slug) if univers_slug else found


def counted() -> QuerySet[Revision]:
    """Revisions with the numbers of their `cards` and `songs`."""
    return Revision.objects.annotate(
        cards=_number_of(UNIVERS_ASSETS), songs=_number_of(UNIVERS_MUSIC_PROMPTS)
    )


def _number_of(table: Table) -> Coalesce:
    return Coalesce(ArrayLength("rows", Value(table.name)), Value(0))


def files(revision: Revision) -> dict[str, ArchivedFile]:
    """The archived files of a revision, by name."""
    return {
        name: {"sha256": sha256, "size": archive.size(sha256) if sha256 else None}
        for name, sha256 in sorted(revision.files.items())
    }
