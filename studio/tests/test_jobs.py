"""The admin of jobs: what it shows, live, and what can be done there."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jobs.models import Job, JobStep, State
from storage.messages import gettext, ngettext

pytestmark = pytest.mark.django_db

LIST = reverse("admin:jobs_job_changelist")
LIVE_LIST = reverse("admin:jobs_job_live_list")


def page(job, name="change"):
    return reverse(f"admin:jobs_job_{name}", args=[job.pk])


@pytest.fixture
def make_job(db):
    def make(status=State.RUNNING, steps=(State.COMPLETED, State.PENDING), **fields):
        done = sum(state == State.COMPLETED for state in steps)
        progress = 100 * done // len(steps) if steps else 100
        fields = {"type": "generate_images", "univers_slug": "winter", "started_at": timezone.now(), **fields}
        job = Job.objects.create(
            status=status, current_step=done, total_steps=len(steps), progress=progress, **fields
        )
        for number, state in enumerate(steps):
            JobStep.objects.create(
                job=job, position=number, key=str(number), label=f"Card {number}", handler="x", status=state
            )
        return job

    return make


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("status", State)
def test_the_list_and_each_job_answer(admin_client, make_job, status, language):
    job = make_job(status, error="It <failed>.")
    for url in (LIST, page(job)):
        response = admin_client.get(url, headers={"Accept-Language": language})
        assert response.status_code == 200
        assert "It &lt;failed&gt;." in response.content.decode()
        assert "1 / 2" in response.content.decode()


def test_a_job_is_found_by_its_error_as_it_is_shown(admin_client, make_job):
    label = gettext("Picture of %(card)s") % {"card": "Fox"}
    failed = gettext("%(label)s: %(error)s") % {"label": label, "error": gettext("The picture is not whole.")}
    more = "%(error)s (%(number)s more failed.)"
    job = make_job(State.FAILED, error=ngettext(more, more, 2) % {"error": failed, "number": 2})
    make_job(State.FAILED, error=gettext("The picture is not whole."))
    for text in ("Picture of Fox: The picture is not whole. (2 more failed.)", '"is not whole." Fox'):
        found = admin_client.get(LIST, {"q": text}).context["cl"].result_list
        assert list(found) == [job], text


def test_the_list_asks_for_its_jobs_and_shows_how_far_they_are(admin_client, make_job):
    jobs = [make_job(), make_job(State.COMPLETED)]
    assert f'data-live-url="{LIVE_LIST}"' in admin_client.get(LIST).content.decode()
    answer = admin_client.get(LIVE_LIST, {"id": [job.pk for job in jobs] + ["nonsense"]}).json()["jobs"]
    told = {job["id"]: job for job in answer}
    assert told[str(jobs[0].pk)]["ended"] is False
    assert told[str(jobs[1].pk)]["ended"] is True
    assert "width:50%" in told[str(jobs[0].pk)]["cells"]["progress"]


def test_a_job_tells_of_its_steps_and_of_what_can_be_done(admin_client, make_job):
    job = make_job(State.FAILED, (State.COMPLETED, State.FAILED))
    job.steps.filter(status=State.FAILED).update(error="Refused <b>")
    (told,) = admin_client.get(page(job, "live")).json()["jobs"]
    assert (told["can_cancel"], told["can_retry"]) == (False, True)
    assert "Refused &lt;b&gt;" in told["cells"]["steps"]


def test_a_job_that_is_gone_is_told_of_no_more(admin_client):
    assert admin_client.get(reverse("admin:jobs_job_live", args=[uuid.uuid4()])).json() == {"jobs": []}


@pytest.mark.parametrize("rows", [1, 40])
def test_the_list_takes_the_same_few_statements_however_long(admin_client, make_job, rows):
    for _ in range(rows):
        make_job()
    with CaptureQueriesContext(connection) as queries:
        admin_client.get(LIST)
    assert len(queries) <= 15


def test_a_job_is_cancelled(admin_client, make_job):
    job = make_job()
    response = admin_client.post(page(job, "cancel"), follow=True)
    job.refresh_from_db()
    assert job.status == State.CANCELLED
    assert [str(message) for message in response.context["messages"]] == ["The job is being cancelled."]


def test_what_failed_is_tried_again(admin_client, make_job):
    job = make_job(State.FAILED, (State.COMPLETED, State.FAILED))
    admin_client.post(page(job, "retry"))
    assert list(job.steps.values_list("status", flat=True)) == [State.COMPLETED, State.PENDING]


@pytest.mark.parametrize(("name", "status"), [("cancel", State.COMPLETED), ("retry", State.RUNNING)])
def test_what_can_not_be_done_is_said(admin_client, make_job, name, status):
    response = admin_client.post(page(make_job(status), name), follow=True)
    assert response.status_code == 200
    (message,) = response.context["messages"]
    assert message.level_tag == "error"


@pytest.mark.parametrize("name", ["cancel", "retry"])
def test_nothing_is_done_on_a_get_or_without_the_right(admin_client, client, newcomer, make_job, name):
    job = make_job(State.FAILED if name == "retry" else State.RUNNING)
    assert admin_client.get(page(job, name)).status_code == 405
    client.force_login(newcomer)
    assert client.post(page(job, name)).status_code == 403
    assert client.get(page(job, "live")).status_code == 403
    before = job.status
    job.refresh_from_db()
    assert job.status == before


def test_jobs_can_be_neither_added_nor_changed(admin_client, make_job):
    assert admin_client.get(reverse("admin:jobs_job_add")).status_code == 403
    assert admin_client.post(page(make_job()), {"type": "x"}).status_code == 403


def test_only_jobs_that_ended_can_be_deleted(admin_client, make_job):
    ended, active = make_job(State.COMPLETED), make_job()
    assert admin_client.post(page(active, "delete"), {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [ended.pk, active.pk], "post": "yes"}
    admin_client.post(LIST, data)
    assert Job.objects.count() == 2
    admin_client.post(LIST, {**data, "_selected_action": [ended.pk]})
    assert list(Job.objects.all()) == [active]
