"""Daily tasks: each is sent for once a day, however many workers there are."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string

from jobs import daily
from jobs.models import Chore, Job

from .handlers import run, step

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TASK = "jobs.services.prune"


@pytest.fixture(autouse=True)
def one_task(settings):
    settings.JOB_DAILY = [TASK]


@pytest.fixture
def sent(queued, django_capture_on_commit_callbacks):
    """Sends what is due, and tells which messages were sent."""

    def send():
        with django_capture_on_commit_callbacks(execute=True):
            daily.send_due()
        return queued()

    return send


def old_job():
    job = run(step("a"))
    Job.objects.update(completed_at=timezone.now() - timedelta(days=100))
    return job


def test_a_task_is_sent_for_once_and_done(sent):
    old_job()
    assert sent() == []
    assert sent() == [("jobs.daily.run", TASK)]
    assert sent() == []
    daily.run(TASK)
    assert not Job.objects.exists()
    assert Chore.objects.get().due_at > timezone.now() + DAY / 2


def test_a_task_whose_worker_was_lost_is_sent_for_again_within_the_hour(sent):
    sent(), sent()
    assert Chore.objects.get().due_at <= timezone.now() + daily.PATIENCE
    Chore.objects.update(due_at=timezone.now())
    assert len(sent()) == 1


def test_a_message_of_an_earlier_version_still_does_its_task():
    old_job()
    import_string("jobs.chores.do")(TASK)
    assert not Job.objects.exists()


def test_a_message_does_no_other_function(settings):
    settings.JOB_DAILY = []
    old_job()
    daily.run(TASK)
    assert Job.objects.count() == 1


def test_what_is_done_once_a_day_is_done_after_a_day():
    Chore.objects.create(name=TASK, due_at=timezone.now() + 2 * DAY)
    daily.send_due()
    assert Chore.objects.get().due_at < timezone.now() + DAY
