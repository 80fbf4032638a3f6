"""Jobs as the API reads them."""

from .errors import NotPossible
from .models import Job, State


def listing(univers_slug="", status=""):
    """The jobs that match, newest first; NotPossible for a status that no job can have."""
    if status and status not in State.values:
        raise NotPossible(f"'{status[:50]}' is not a job status; use one of {', '.join(State.values)}.")
    wanted = {"univers_slug": univers_slug, "status": status}
    return Job.objects.filter(**{field: value for field, value in wanted.items() if value})
