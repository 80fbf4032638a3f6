"""Syncs as JSON, both ways."""

from rest_framework import serializers

from magikswipe.api.fields import Body, Boolean, Query


class DryRunBody(Body):
    dry_run = Boolean(required=False, default=False, help_text="Only tell what would change.")


class SyncBody(DryRunBody):
    force = Boolean(
        required=False, default=False, help_text="Do it even if it takes most of the target away."
    )


class UnpublishBody(DryRunBody):
    force = Boolean(required=False, default=False, help_text="Needed: children lose the universe.")


class SyncQuery(Query):
    background = serializers.BooleanField(
        required=False, default=False, help_text="Answer at once with the job that does it."
    )


class StatusQuery(Query):
    diff = serializers.BooleanField(
        required=False, default=False, help_text="Tell what differs, per universe."
    )


class DifferenceSerializer(serializers.Serializer):
    slug = serializers.CharField()
    state = serializers.CharField(
        help_text="same, local newer, remote newer, both changed, differs, only here, only there"
    )


class StatusSerializer(serializers.Serializer):
    supabase_connected = serializers.BooleanField()
    supabase_url = serializers.CharField(allow_null=True)
    universes = DifferenceSerializer(many=True, required=False, help_text="With diff=true.")


class SyncSerializer(serializers.Serializer):
    success = serializers.BooleanField()
    message = serializers.CharField()
    synced_items = serializers.IntegerField(help_text="Rows and files that were written or deleted.")
    errors = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="What was left out or left alone, and why."
    )
    plan = serializers.DictField(required=False, help_text="With dry_run: what would change.")


class SyncAllSerializer(serializers.Serializer):
    success = serializers.BooleanField()
    message = serializers.CharField()
    universes_synced = serializers.IntegerField()
    assets_synced = serializers.IntegerField(help_text="Cards of the universes that are equal now.")
    files_downloaded = serializers.IntegerField()
    errors = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="What was left out or left alone, and why."
    )
    plans = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="With dry_run: what would change."
    )
