"""Jobs and their steps as the API answers with them: values of their rows.

The serializers describe the same fields, in the same order, for the schema.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from .models import Job

Values = dict[str, Any]

JOB = (
    "id", "type", "univers_slug", "status", "progress", "total_steps", "current_step", "message", "error", "result",
    "estimated_cost", "cost", "created_at", "started_at", "completed_at",
)  # fmt: skip
STEP = ("key", "label", "status", "attempts", "error", "cost", "started_at", "completed_at")
# How a column's value is written where there is one.
WRITTEN: dict[str, Callable[[Any], Any]] = {
    "estimated_cost": float,
    "cost": float,
    "label": str,
    "error": str,
}


def jobs(found: QuerySet[Job]) -> list[Values]:
    """The jobs that a queryset finds, in its order."""
    return [_job(row) for row in found.values(*JOB)]


def job(one: Job) -> Values:
    """A job as it was read last."""
    return _job({name: getattr(one, name) for name in JOB})


def job_with_steps(one: Job) -> Values:
    return {**job(one), "steps": [_plain(row) for row in one.steps.values(*STEP)]}


def _job(row: Values) -> Values:
    return {"id": row["id"], "job_id": row["id"], **_plain(row)}


def _plain(row: Values) -> Values:
    """The row with its amounts as numbers and its messages as sentences."""
    return {
        name: WRITTEN[name](value) if name in WRITTEN and value is not None else value
        for name, value in row.items()
    }
