"""Jobs are byte for byte what the serializers, which the schema is made from, say of the same rows."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone
from rest_framework.renderers import JSONRenderer

from jobs.models import Job, JobStep
from jobs.serializers import JobDetailSerializer, JobSerializer

MOMENT = datetime(2026, 11, 3, 9, 0, 0, 120, tzinfo=UTC)


@pytest.fixture
def jobs(db):
    """One as it is made, and one that has everything."""
    return Job.objects.bulk_create(
        [
            Job(type="generate_images", univers_slug="winter"),
            Job(
                type="generate_all",
                univers_slug="winter",
                status="failed",
                progress=100,
                total_steps=3,
                current_step=2,
                message="2 of 3 steps, 1 failed",
                error="Ein Fehler: «é»",
                result={"completed": 2, "failed": {"a": "No."}, "results": {"b": {"file": "b.png"}}},
                estimated_cost=Decimal("0.1200"),
                cost=Decimal("0.0000"),
                created_at=MOMENT,
                started_at=MOMENT,
                completed_at=MOMENT,
            ),
        ]
    )


@pytest.mark.parametrize("query", ["", "?limit=1", "?status=failed", "?univers_slug=winter"])
def test_the_list_is_what_the_serializer_says(api, jobs, query):
    answer = api.get(f"/api/jobs{query}")
    shown = Job.objects.filter(pk__in=[job["id"] for job in answer.json()])
    # As within a request of the API, whatever the time zone of the admin.
    with timezone.override(UTC):
        assert answer.content == JSONRenderer().render(JobSerializer(shown, many=True).data)
    assert len(answer.json()) == {"?limit=1": 1, "?status=failed": 1}.get(query, 2)


def test_a_job_with_steps_is_what_the_serializer_says(api, jobs):
    job = jobs[1]
    JobStep.objects.create(job=job, key="a", label="A", error="No.", cost=Decimal("0.0400"))
    JobStep.objects.create(job=job, key="b", label="B", started_at=MOMENT)
    answer = api.get(f"/api/jobs/{job.pk}")
    # As it is stored: PostgreSQL has an order of its own for what is in JSON.
    job.refresh_from_db()
    with timezone.override(UTC):
        assert answer.content == JSONRenderer().render(JobDetailSerializer(job).data)
    assert [step["cost"] for step in answer.json()["steps"]] == [0.04, None]


def test_its_length_costs_no_statement(api, jobs, django_assert_num_queries):
    with django_assert_num_queries(1):
        api.get("/api/jobs?limit=1")
    with django_assert_num_queries(1):
        api.get("/api/jobs")
