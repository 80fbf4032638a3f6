"""Jobs and their steps as JSON."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from api.fields import Dollars, LimitQuery, Query

from . import types
from .models import Job, JobStep, State

TYPES = types.keys()
SerializerClass = TypeVar("SerializerClass", bound=type)
RUNNING = {
    "id": "0b1d0c52-7a0f-4d2e-9c3e-3f6a4f1b2c4d",
    "job_id": "0b1d0c52-7a0f-4d2e-9c3e-3f6a4f1b2c4d",
    "type": "generate_images",
    "univers_slug": "hiver",
    "status": "running",
    "progress": 50,
    "total_steps": 2,
    "current_step": 1,
    "message": "1 of 2 images",
    "error": None,
    "result": None,
    "estimated_cost": 0.08,
    "cost": 0.04,
    "created_at": "2026-11-03T09:00:00Z",
    "started_at": "2026-11-03T09:00:01Z",
    "completed_at": None,
}
STEPS = [
    {
        "key": "9f1c3f0a-6f0c-4a63-8d5c-1d1a3c0f7e21",
        "label": "Flocon",
        "status": "completed",
        "attempts": 1,
        "error": "",
        "cost": 0.04,
        "started_at": "2026-11-03T09:00:01Z",
        "completed_at": "2026-11-03T09:00:09Z",
    },
    {
        "key": "5c0f9d2e-2f5e-4f0b-9a55-0a3e5d1c8b42",
        "label": "Pingouin",
        "status": "running",
        "attempts": 1,
        "error": "",
        "cost": None,
        "started_at": "2026-11-03T09:00:01Z",
        "completed_at": None,
    },
]


def running(value: dict[str, Any]) -> Callable[[SerializerClass], SerializerClass]:
    return extend_schema_serializer(
        examples=[OpenApiExample("A running job", value=value, response_only=True)]
    )


@extend_schema_field({"type": "string", "enum": State.values})
class StatusFilter(serializers.CharField):
    """A job's status; an unknown one is the query's affair, not the field's."""


class JobQuery(LimitQuery):
    univers_slug = serializers.CharField(required=False, default="", allow_blank=True)
    status = StatusFilter(required=False, default=None, allow_blank=True)


class CleanupQuery(Query):
    days = serializers.IntegerField(min_value=1, max_value=30, default=7)


class JobResultSerializer(serializers.Serializer[Any]):
    """How a job ended, step by step; a step goes by its key."""

    completed = serializers.IntegerField(help_text="How many steps are done.")
    failed = serializers.DictField(
        child=serializers.CharField(), help_text="Why a step failed, by key: one sentence."
    )
    results = serializers.DictField(
        child=serializers.DictField(), help_text="What a step made, by key: `file` is the name of one."
    )


@extend_schema_field(JobResultSerializer)
class JobResult(serializers.JSONField):
    """It leaves as it was kept."""


@running(RUNNING)
class JobSerializer(serializers.ModelSerializer[Job]):
    """A job; `job_id` equals `id`."""

    job_id = serializers.UUIDField(source="id", read_only=True)
    type = serializers.ChoiceField(TYPES, read_only=True, help_text="What it does.")
    result = JobResult(read_only=True, allow_null=True, help_text="Null until it has ended.")
    estimated_cost = Dollars(
        allow_null=True, help_text="Told when it starts; null where a price is not known."
    )
    cost = Dollars(allow_null=True, help_text="So far; null where nothing was paid or no price is known.")

    class Meta:
        model = Job
        fields = [
            "id", "job_id", "type", "univers_slug", "status", "progress", "total_steps", "current_step",
            "message", "error", "result", "estimated_cost", "cost", "created_at", "started_at", "completed_at",
        ]  # fmt: skip
        read_only_fields = fields
        extra_kwargs = {
            "univers_slug": {"help_text": "Empty where it is about more than one universe."},
            "progress": {
                "help_text": "Per cent of the steps that are done. 100 says that the job is completed; "
                "a failed or cancelled one keeps the share that it reached."
            },
            "current_step": {"help_text": "How many steps are done."},
            "message": {"help_text": "Where it stands, for people: `11 of 12 images, 1 failed`."},
            "error": {"help_text": "Why it failed, in one sentence; else null."},
        }


@running(RUNNING)
class JobStartedSerializer(JobSerializer):
    """The job that a call started, or the one that is at all of it already."""


class JobStepSerializer(serializers.ModelSerializer[JobStep]):
    """One picture, clip, song or universe of a job."""

    cost = Dollars(
        allow_null=True, help_text="Of all attempts; null where nothing was paid or no price is known."
    )

    class Meta:
        model = JobStep
        fields = ["key", "label", "status", "attempts", "error", "cost", "started_at", "completed_at"]
        read_only_fields = fields
        extra_kwargs = {
            "label": {"help_text": "The same for people: the card's name, the language."},
            "status": {"help_text": "As the job's."},
            "attempts": {"help_text": "How often it was tried."},
            "error": {"help_text": "Why it failed, or is tried again, in one sentence; else empty."},
            "started_at": {"help_text": "Null until it began."},
            "completed_at": {"help_text": "Null until it ended."},
        }


@running(RUNNING | {"steps": STEPS})
class JobDetailSerializer(JobSerializer):
    steps = JobStepSerializer(many=True, read_only=True)

    class Meta(JobSerializer.Meta):
        fields = [*JobSerializer.Meta.fields, "steps"]
        read_only_fields = fields


class CleanupSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message = serializers.CharField()
    deleted_count = serializers.IntegerField()
