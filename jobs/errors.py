"""Errors of the job services."""

from typing import TYPE_CHECKING

from storage.messages import gettext as _

if TYPE_CHECKING:
    from .models import Job


class NotFound(Exception):
    """There is no such job."""


class NotPossible(Exception):
    """The job is in no state for that."""


class Busy(Exception):
    """All that was asked for is being done already, by `job`."""

    def __init__(self, job: "Job", sentence: str | None = None) -> None:
        said = _("Job %(job)s is at it already; wait for it or cancel it.") % {"job": job.pk}
        super().__init__(sentence or said)
        self.job = job
        self.extra = {"job_id": str(job.pk)}


class LeaseLost(Exception):
    """Another runner owns the job, or the step has ended: write nothing more."""
