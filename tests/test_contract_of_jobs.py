"""What the front ends rely on of jobs, path by path."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.models import Job, JobStep, State

from .telling import is_time

pytestmark = pytest.mark.django_db

JOB = {
    "id",
    "type",
    "univers_slug",
    "status",
    "progress",
    "total_steps",
    "current_step",
    "message",
    "error",
    "result",
    "created_at",
    "started_at",
    "completed_at",
}
MORE_OF_A_JOB = {"job_id", "estimated_cost", "cost"}


@pytest.fixture
def make_job(db):
    def make(status=State.COMPLETED, slug="winter", ended_days_ago=None, **fields):
        ended = None if ended_days_ago is None else timezone.now() - timedelta(days=ended_days_ago)
        return Job.objects.create(
            type="generate_images", status=status, univers_slug=slug, completed_at=ended, **fields
        )

    return make


class TestJobs:
    def test_a_list_newest_first(self, api, make_job):
        jobs = [make_job(), make_job()]
        answer = api.get("/api/jobs").json()
        assert [job["id"] for job in answer] == [str(job.pk) for job in reversed(jobs)]
        assert all(job.keys() == JOB | MORE_OF_A_JOB and job["job_id"] == job["id"] for job in answer)

    def test_filters(self, api, make_job):
        make_job(), make_job(State.RUNNING), make_job(slug="summer")
        for query, count in (
            ("", 3),
            ("univers_slug=winter", 2),
            ("status=running", 1),
            ("univers_slug=winter&status=completed", 1),
            ("univers_slug=&status=&limit=2", 2),
            ("univers_slug=nowhere", 0),
        ):
            assert len(api.get(f"/api/jobs?{query}").json()) == count, query

    def test_an_unknown_status(self, api):
        response = api.get("/api/jobs?status=done")
        assert response.status_code == 400
        assert "done" in response.json()["detail"]

    def test_one_with_its_steps(self, api, make_job):
        job = make_job(
            State.FAILED, error="The model refused.", result={"files": 1}, message="1 of 2 images, 1 failed"
        )
        JobStep.objects.create(job=job, key="a", label="Snowflake", handler="x.y", cost="0.0400", attempts=1)
        body = api.get(f"/api/jobs/{job.pk}").json()
        assert body.keys() == JOB | MORE_OF_A_JOB | {"steps"}
        assert (body["status"], body["error"], body["result"]) == (
            "failed",
            "The model refused.",
            {"files": 1},
        )
        assert is_time(body["created_at"])
        assert body["steps"] == [
            {
                "key": "a",
                "label": "Snowflake",
                "status": "pending",
                "attempts": 1,
                "error": "",
                "cost": 0.04,
                "started_at": None,
                "completed_at": None,
            }
        ]

    def test_cleanup(self, api, make_job):
        kept = [make_job(ended_days_ago=1), make_job(State.PENDING), make_job(State.RUNNING)]
        Job.objects.update(created_at=timezone.now() - timedelta(days=60))
        make_job(ended_days_ago=8), make_job(State.FAILED, ended_days_ago=8)
        body = api.delete("/api/jobs/cleanup").json()
        assert body.keys() == {"success", "message", "deleted_count"}
        assert (body["success"], body["deleted_count"]) == (True, 2)
        assert set(Job.objects.values_list("pk", flat=True)) == {job.pk for job in kept}
        assert api.delete("/api/jobs/cleanup?days=30").json()["deleted_count"] == 0

    def test_cancel_and_retry(self, api, make_job):
        job = make_job(State.PENDING)
        JobStep.objects.create(job=job, key="a", label="Snowflake", handler="x.y")
        cancelled = api.post(f"/api/jobs/{job.pk}/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
        assert api.post(f"/api/jobs/{job.pk}/cancel").status_code == 400
        again = api.post(f"/api/jobs/{job.pk}/retry")
        assert (again.status_code, again.json()["status"], again.json()["id"]) == (
            200,
            "pending",
            str(job.pk),
        )
        assert api.post(f"/api/jobs/{job.pk}/retry").status_code == 400

    def test_what_does_not_exist(self, api):
        missing = uuid.uuid4()
        for response in (
            api.get(f"/api/jobs/{missing}"),
            api.get("/api/jobs/junk"),
            api.post(f"/api/jobs/{missing}/cancel"),
            api.post("/api/jobs/junk/retry"),
        ):
            assert response.status_code == 404
            assert "not found" in response.json()["detail"]
