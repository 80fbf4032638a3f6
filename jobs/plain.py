"""Jobs as plain values: equal to what the serializer makes of the same rows, at a fraction of the cost."""

from typing import Any

from django.db.models import QuerySet

from .models import Job

FIELDS = (
    "id", "type", "univers_slug", "status", "progress", "total_steps", "current_step", "message", "error", "result",
    "estimated_cost", "cost", "created_at", "started_at", "completed_at",
)  # fmt: skip
DOLLARS = ("estimated_cost", "cost")


def listing(found: QuerySet[Job]) -> list[dict[str, Any]]:
    """The jobs that a queryset finds, in its order."""
    return [_job(row) for row in found.values(*FIELDS)]


def _job(row: dict[str, Any]) -> dict[str, Any]:
    amounts = {name: None if row[name] is None else float(row[name]) for name in DOLLARS}
    error = None if row["error"] is None else str(row["error"])
    return {"id": row["id"], "job_id": row["id"], **row, **amounts, "error": error}
