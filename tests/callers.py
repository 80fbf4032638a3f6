"""Who calls: accounts of each kind, what each may, and the jobs that they may control."""

from django.contrib.auth import get_user_model

from api.roles import GENERATE, PUBLISH, READ, WRITE
from jobs.models import Job, JobStep

# What needs no scope at all; what all may for public universes; what superusers alone may; what nobody may.
OPEN, PUBLIC, ADMIN, NOBODY = "open", "public", "admin", "nobody"
SCOPES = {
    "anonymous": {OPEN, PUBLIC},
    "newcomer": {OPEN, PUBLIC},
    "Viewer": {OPEN, PUBLIC, READ},
    "Editor": {OPEN, PUBLIC, READ, WRITE},
    "Generator": {OPEN, PUBLIC, READ, GENERATE},
    "Publisher": {OPEN, PUBLIC, READ, PUBLISH},
    "Editor+Generator": {OPEN, PUBLIC, READ, WRITE, GENERATE},
    "superuser": {OPEN, PUBLIC, READ, WRITE, GENERATE, PUBLISH, ADMIN},
}


def log_in(client, caller, staff):
    """Let the client be a caller of that kind."""
    if caller == "anonymous":
        return
    if caller == "superuser":
        client.force_login(get_user_model().objects.create_superuser("root"))
    else:
        client.force_login(staff("somebody", *([] if caller == "newcomer" else caller.split("+"))))


def refusal(caller):
    return 401 if caller == "anonymous" else 403


def make_job(type, status):
    job = Job.objects.create(type=type, univers_slug="winter", status=status, total_steps=1)
    JobStep.objects.create(job=job, key="one", label="One", handler="x", status=status)
    return job


JOB_TYPES = {
    "generate_images": GENERATE,
    "generate_videos": GENERATE,
    "generate_music": GENERATE,
    "generate_all": GENERATE,
    "generate_names": GENERATE,
    "translate_lyrics": GENERATE,
    "write_lyrics": GENERATE,
    "propose_ideas": GENERATE,
    "fill_gaps": GENERATE,
    "sync_push": PUBLISH,
    "sync_pull": PUBLISH,
    "sync_pull_all": PUBLISH,
    "sync_init": PUBLISH,
    "sync_unpublish": PUBLISH,
    "sync_restore": PUBLISH,
}
ACTS = [("cancel", "pending"), ("retry", "failed")]


def jobs_to_control():
    """`(job, what to do with it, the scope that it takes)` for each type."""
    return [(make_job(type, status), act, scope) for type, scope in JOB_TYPES.items() for act, status in ACTS]


def was_obeyed(job):
    before = job.status
    job.refresh_from_db()
    return job.status != before
