"""The bodies, queries and answers of syncs and revisions."""

from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers

from api.fields import Body, Boolean, PageQuery, Query
from api.schema import ErrorSerializer
from universes.models import Revision
from universes.services import revisions

from .plan import Counts

REPORT = "report"
REPORTS = [REPORT]


class DryRunBody(Body):
    dry_run = Boolean(required=False, default=False, help_text="Only tell what would change.")


class SyncBody(DryRunBody):
    """How far the sync may go."""

    force = Boolean(
        required=False, default=False, help_text="Do it even if it takes most of the target away."
    )


class UnpublishBody(DryRunBody):
    """Leave to take the universe away from all who use it."""

    force = Boolean(required=False, default=False, help_text="Needed: children lose the universe.")


class SyncQuery(Query):
    background = serializers.BooleanField(
        required=False, default=False, help_text="Answer at once with the job that does it."
    )


class StatusQuery(Query):
    diff = serializers.BooleanField(
        required=False, default=False, help_text="Tell what differs, per universe."
    )


@extend_schema_serializer(component_name="SyncDifference")
class DifferenceSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    state = serializers.CharField(
        help_text="same, local newer, remote newer, both changed, differs, only here, only there, unreadable"
    )
    error = serializers.CharField(required=False, help_text="With unreadable: why.")


@extend_schema_serializer(component_name="SyncStatus")
class StatusSerializer(serializers.Serializer[Any]):
    supabase_connected = serializers.BooleanField()
    supabase_url = serializers.CharField(allow_null=True)
    universes = DifferenceSerializer(many=True, required=False, help_text="With diff=true.")


@extend_schema_serializer(component_name="SyncReport")
class SyncSerializer(serializers.Serializer[Any]):
    """How the sync of one universe ended."""

    type = serializers.ChoiceField(REPORTS, help_text="Tells it from a job.")
    success = serializers.BooleanField()
    message = serializers.CharField()
    synced_items = serializers.IntegerField(help_text="Rows and files that were written or deleted.")
    errors = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]  # DRF has a property of this name.
    reports = serializers.ListField(
        child=serializers.CharField(),
        help_text="What was left out or left alone, and why; who can open the files of a private universe.",
    )
    notes = serializers.ListField(child=serializers.CharField(), help_text="The same; use reports.")
    plan = serializers.DictField(required=False, help_text="With dry_run: what would change.")


class RevisionQuery(PageQuery):
    univers_slug = serializers.CharField(
        required=False, default=None, allow_null=True, help_text="Of this universe alone."
    )


@extend_schema_serializer(component_name="KeptFile")
class ArchivedFileSerializer(serializers.Serializer[Any]):
    sha256 = serializers.CharField(allow_null=True, help_text="Null: there was no such file.")
    size = serializers.IntegerField(
        allow_null=True, help_text="In bytes; null: its archived copy is gone, or there was no such file."
    )


class RevisionItemSerializer(serializers.ModelSerializer[Revision]):
    """A revision as lists show it."""

    cards = serializers.IntegerField(help_text="The number of its cards.")
    songs = serializers.IntegerField(help_text="The number of its songs.")
    files = serializers.SerializerMethodField(help_text="By name, those that were replaced or deleted.")

    class Meta:
        model = Revision
        fields: tuple[str, ...] = (
            "id",
            "univers_slug",
            "cause",
            "author",
            "created_at",
            "cards",
            "songs",
            "files",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.DictField(child=ArchivedFileSerializer()))
    def get_files(self, revision: Revision) -> dict[str, revisions.ArchivedFile]:
        return revisions.files_of(revision)


@extend_schema_serializer(many=False)
class RevisionPageSerializer(serializers.Serializer[Any]):
    items = RevisionItemSerializer(many=True)
    total = serializers.IntegerField()


class RevisionSerializer(RevisionItemSerializer):
    """A revision with all its rows."""

    rows = serializers.DictField(
        child=serializers.ListField(child=serializers.DictField()),
        help_text="By table, as Supabase has them; an absent table is not part of it.",
    )

    class Meta(RevisionItemSerializer.Meta):
        fields = (*RevisionItemSerializer.Meta.fields, "rows")


@extend_schema_serializer(component_name="SyncRefused")
class RefusedSerializer(ErrorSerializer):
    """A sync that was refused: for what it would take away, or because another one is at it."""

    plan = serializers.DictField(required=False, help_text="What would change.")
    job_id = serializers.UUIDField(required=False, help_text="The job that is at it.")


def _counted(create: int = 0, update: int = 0, delete: int = 0, same: int = 0) -> Counts:
    return {"create": create, "update": update, "delete": delete, "same": same}


TAKES_AWAY = (
    "The push of 'hiver' would take away 5 of 6 files in Supabase; "
    "look at the plan, and use force if that is meant."
)
TOO_MUCH = {
    "detail": TAKES_AWAY,
    "plan": {
        "slug": "hiver",
        "direction": "push",
        "empty": False,
        "counts": {"rows": _counted(same=30), "files": _counted(delete=5, same=1)},
        "rows": [],
        "needs_force": TAKES_AWAY,
        "files": [
            {
                "name": f"0{n}_flocon.png",
                "action": "delete",
                "size": 48213,
                "reason": "gone on the other side",
            }
            for n in range(5)
        ],
        "ids": {},
        "reports": [],
    },
}
AT_IT = {
    "detail": "Job 0b1d0c52-7a0f-4d2e-9c3e-3f6a4f1b2c4d is at it already; wait for it or cancel it.",
    "job_id": "0b1d0c52-7a0f-4d2e-9c3e-3f6a4f1b2c4d",
}
REFUSED = OpenApiResponse(
    RefusedSerializer,
    "Refused: for what it would take away, or because another sync is at it.",
    examples=[
        OpenApiExample("It would take too much away", value=TOO_MUCH),
        OpenApiExample("Another one is at it", value=AT_IT),
    ],
)


@extend_schema_serializer(component_name="SyncAllReport")
class SyncAllSerializer(serializers.Serializer[Any]):
    """How the sync of all universes ended."""

    type = serializers.ChoiceField(REPORTS, help_text="Tells it from a job.")
    success = serializers.BooleanField()
    message = serializers.CharField()
    universes_synced = serializers.IntegerField()
    assets_synced = serializers.IntegerField(help_text="Cards of the universes that are equal now.")
    files_downloaded = serializers.IntegerField()
    errors = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]  # DRF has a property of this name.
    reports = serializers.ListField(
        child=serializers.CharField(),
        help_text="What was left out or left alone, and why; who can open the files of a private universe.",
    )
    notes = serializers.ListField(child=serializers.CharField(), help_text="The same; use reports.")
    plans = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="With dry_run: what would change."
    )
