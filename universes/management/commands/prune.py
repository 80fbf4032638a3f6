"""Keeps the archive within its bounds now, rather than with the next change."""

from django.core.management.base import BaseCommand

from syncer import journals
from universes.services import revisions


class Command(BaseCommand):
    help = (
        "Delete the oldest revisions beyond ARCHIVE_DAYS, ARCHIVE_REVISIONS and ARCHIVE_MB, and archived files that "
        "no revision names; finish deletions and pulls that broke off. It also happens by itself, at most once an hour."
    )

    def handle(self, **options):
        journals.finish_all()
        gone = revisions.prune()
        self.stdout.write(
            f"Deleted {_counted(gone['revisions'], 'revision')} and {_counted(gone['files'], 'archived file')} "
            f"({gone['bytes'] / 1e6:.1f} MB)."
        )


def _counted(number, noun):
    return f"{number} {noun}" + ("" if number == 1 else "s")
