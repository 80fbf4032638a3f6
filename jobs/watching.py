"""Following a job from a terminal."""

import time

from tqdm import tqdm

from .models import Job

POLL_SECONDS = 0.3


def follow(job_id):
    """Yield the job each time something of it changed, the ended job last."""
    shown = None
    while True:
        job = Job.objects.get(pk=job_id)
        state = (job.ended, job.progress, job.message)
        if state != shown:
            shown = state
            yield job
        if job.ended:
            return
        time.sleep(POLL_SECONDS)


def show(job, output):
    """Show a job on the terminal, as a bar there and as lines elsewhere, until it ends; returns it."""
    if not output.isatty():
        for now in follow(job.pk):
            output.write(f"{now.type}: {now.progress} %, {now.message}\n")
        return now
    with tqdm(total=100, desc=job.type, unit="%", bar_format="{desc} {bar} {n}% {postfix}") as bar:
        for now in follow(job.pk):
            bar.set_postfix_str(now.message, refresh=False)
            bar.update(now.progress - bar.n)
    return now
