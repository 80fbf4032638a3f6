"""Jobs that ended long ago go by themselves; what they cost stays in the books."""

from django.conf import settings

from .services import cleanup


def prune():
    """Delete the jobs that ended more than JOBS_KEPT_DAYS ago; returns how many."""
    return cleanup(settings.JOBS_KEPT_DAYS)
