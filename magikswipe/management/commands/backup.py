import sys

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from magikswipe.backups import writing
from magikswipe.backups.tarball import Refused, sentence


class Command(BaseCommand):
    help = (
        "Write rows and media of one moment to a single file, while everybody goes on working, and read it again to "
        "see that it is whole. It has the accounts with their passwords' hashes, and no keys from the environment."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "file", help="where to write it, a .tar; - for the standard output, which is not read again"
        )

    def handle(self, *, file, **options):
        try:
            if file == "-":
                writing.pour(sys.stdout.buffer)
                return
            said = writing.make(file)
        except Refused as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{file}: {sentence(said)}, all read again and whole.")
