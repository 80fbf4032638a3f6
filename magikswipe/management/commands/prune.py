"""Keeps archive and jobs within their bounds now, rather than by and by."""

from django.core.management.base import BaseCommand

from jobs import services
from syncer import journals
from universes.services import revisions


class Command(BaseCommand):
    help = (
        "Delete the oldest revisions beyond ARCHIVE_DAYS, ARCHIVE_REVISIONS and ARCHIVE_MB, and archived files that "
        "no revision names; jobs that ended more than JOBS_KEPT_DAYS ago; finish deletions and pulls that broke off. "
        "Workers do it once a day."
    )

    def handle(self, **options):
        journals.finish_all()
        gone, jobs = revisions.prune(), services.prune()
        self.stdout.write(
            f"Deleted {_counted(gone['revisions'], 'revision')}, {_counted(gone['files'], 'archived file')} "
            f"({gone['bytes'] / 1e6:.1f} MB) and {_counted(jobs, 'job')}."
        )


def _counted(number, noun):
    return f"{number} {noun}" + ("" if number == 1 else "s")
