"""`manage.py demo`: one universe from idea to published, the way a client would do it, through the queue."""

import time
from collections.abc import Iterator
from uuid import UUID

from django.core.management import CommandError
from django.core.management.base import BaseCommand, OutputWrapper
from tqdm import tqdm

from generation.errors import CannotGenerate, LimitReached, ProviderError
from generation.services import start_all
from jobs.errors import Busy
from jobs.models import Job
from syncer.errors import SyncError
from syncer.services import start_push
from universes import media, names
from universes.models import Universe
from universes.services import universes

NAME, SLUG = "La ferme", "la-ferme"
THEME = "les animaux de la ferme"
POLL_SECONDS = 0.3


class Command(BaseCommand):
    help = "Makes a universe with cards, pictures, clips and songs, and publishes it. A worker must run."

    def add_arguments(self, parser):
        parser.add_argument("--name", default=NAME, help=f"The universe's name ({NAME}).")
        parser.add_argument("--theme", default=THEME, help=f"What its cards are about ({THEME}).")
        parser.add_argument("--count", type=int, default=8, help="How many cards, 1 to 50 (8).")

    def handle(self, *, name, theme, count, **options):
        if not 1 <= count <= 50:
            raise CommandError("--count takes a number from 1 to 50.")
        try:
            self.make_and_publish(name, theme, count)
        except (CannotGenerate, LimitReached, ProviderError, SyncError, Busy) as refusal:
            raise CommandError(str(refusal)) from None

    def make_and_publish(self, name, theme, count):
        universe = interrupted(name) or universes.create(
            name=name, slug=universes.free_slug(names.make_slug(name))
        )
        self.run_job(start_all(universe, theme=theme, count=count, author="demo"))
        self.run_job(start_push([universe.slug], author="demo"))
        self.tell(universe)

    def run_job(self, job):
        job = followed(job, self.stdout)
        if job.status != "completed":
            raise CommandError(f"{job.type} ended {job.status}: {job.error or job.message}")

    def tell(self, universe):
        files = media.present(universe.slug)
        kinds = {"pictures": ".png", "clips": ".mp4", "songs": ".mp3"}
        made = ", ".join(f"{sum(f.endswith(end) for f in files)} {kind}" for kind, end in kinds.items())
        self.stdout.write(
            f"'{universe.name}' has {universe.assets.count()} cards, {made}; it is published as {universe.slug}."
        )


def interrupted(name):
    """The demo of this name that was begun and never published: it is taken up where it was left."""
    return Universe.objects.filter(slug=names.make_slug(name), name=name, last_synced_at=None).first()


def followed(started: Job, output: OutputWrapper) -> Job:
    """Show a job until it ends, as a bar on a terminal and as lines elsewhere; returns it."""
    if not output.isatty():
        for job in states(started.pk):
            output.write(f"{job.type}: {job.progress} %, {job.message}\n")
        return job
    with tqdm(total=100, desc=started.type, unit="%", bar_format="{desc} {bar} {n}% {postfix}") as bar:
        for job in states(started.pk):
            bar.set_postfix_str(job.message, refresh=False)
            bar.update(job.progress - bar.n)
    return job


def states(job_id: UUID) -> Iterator[Job]:
    """The job each time something of it changed, the ended job last."""
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
