"""Jobs and their steps as JSON."""

from rest_framework import serializers

from magikswipe.api.fields import Dollars, Query
from magikswipe.api.paging import LimitQuery

from .models import Job, JobStep


class JobQuery(LimitQuery):
    univers_slug = serializers.CharField(required=False, default="")
    status = serializers.CharField(
        required=False, default="", help_text="pending, running, completed, failed, cancelled"
    )


class CleanupQuery(Query):
    days = serializers.IntegerField(min_value=1, max_value=30, default=7)


class JobSerializer(serializers.ModelSerializer):
    """A job as every call that starts one answers with it; `job_id` equals `id`."""

    job_id = serializers.UUIDField(source="id", read_only=True)
    estimated_cost = Dollars(help_text="Told when it starts; null where a price is not known.")
    cost = Dollars(help_text="So far; null where nothing was paid or no price is known.")

    class Meta:
        model = Job
        fields = [
            "id", "job_id", "type", "univers_slug", "status", "progress", "total_steps", "current_step",
            "message", "error", "result", "estimated_cost", "cost", "created_at", "started_at", "completed_at",
        ]  # fmt: skip
        read_only_fields = fields


class JobStepSerializer(serializers.ModelSerializer):
    cost = Dollars(help_text="Of all attempts; null where nothing was paid or no price is known.")

    class Meta:
        model = JobStep
        fields = ["key", "label", "status", "attempts", "error", "cost", "started_at", "completed_at"]
        read_only_fields = fields


class JobDetailSerializer(JobSerializer):
    steps = JobStepSerializer(many=True, read_only=True)

    class Meta(JobSerializer.Meta):
        fields = [*JobSerializer.Meta.fields, "steps"]
        read_only_fields = fields


class CleanupSerializer(serializers.Serializer):
    success = serializers.BooleanField()
    message = serializers.CharField()
    deleted_count = serializers.IntegerField()
