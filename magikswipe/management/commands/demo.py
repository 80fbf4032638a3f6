"""`manage.py demo`: one universe from idea to published, the way a client would do it, through the queue."""

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from generation.errors import CannotGenerate, LimitReached, ProviderError
from generation.services import start_all
from jobs import watching
from jobs.errors import Busy
from syncer.errors import SyncError
from syncer.services import start_push
from universes import media, names
from universes.models import Universe
from universes.services import universes

NAME, SLUG = "La ferme", "la-ferme"
THEME = "les animaux de la ferme"


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
        job = watching.show(job, self.stdout)
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
