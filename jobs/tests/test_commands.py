"""`manage.py jobs` as an operator types it."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from jobs import runner

from .handlers import run, start, step

pytestmark = pytest.mark.django_db


def jobs(*arguments):
    output = StringIO()
    call_command("jobs", *arguments, stdout=output, stderr=output)
    return output.getvalue()


def test_lists_jobs_newest_first():
    first, second = start(step("a")), start(step("b"))
    lines = jobs().splitlines()
    assert [line.split()[0] for line in lines] == [str(second.pk), str(first.pk)]


def test_lists_as_json_what_has_not_ended():
    runner.run_here(start(step("a")).pk)
    active = start(step("b"))
    (found,) = json.loads(jobs("--active", "--json"))
    assert (found["id"], found["status"]) == (str(active.pk), "pending")


def test_lists_as_json_why_a_job_failed():
    job = run(step("a", "Fails"))
    (found,) = json.loads(jobs("--json"))
    assert (found["id"], found["status"]) == (str(job.pk), "failed")
    assert found["error"] == "Step a: The picture was refused; change its prompt."


def test_cancels_and_retries():
    job = start(step("a"))
    assert "cancelled" in jobs("cancel", str(job.pk))
    assert "pending" in jobs("retry", str(job.pk))


@pytest.mark.parametrize(
    "arguments", [("cancel", "nonsense"), ("retry", "5b3ac1f2-0000-4000-8000-000000000000")]
)
def test_an_unknown_job_is_told_and_ends_with_1(arguments):
    with pytest.raises(SystemExit) as ended:
        jobs(*arguments)
    assert ended.value.code == 1


def test_a_job_must_be_named():
    with pytest.raises(CommandError, match="Name the job") as error:
        jobs("cancel")
    assert error.value.returncode == 2
