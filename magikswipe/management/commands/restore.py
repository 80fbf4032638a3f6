from django.core.management import CommandError
from django.core.management.base import BaseCommand

from magikswipe import accounts
from magikswipe.backups import restoring
from magikswipe.backups.tarball import Refused, sentence


class Command(BaseCommand):
    help = (
        "Put a backup in the place of all that is here: all of it or, when anything is wrong with it, nothing. Stop "
        "web servers and workers before. Jobs that were under way when it was made are failed ones then, to be "
        "retried. Tokens revoked, accounts closed and passwords replaced here stay so."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", help="what `backup` wrote")
        parser.add_argument("--force", action="store_true", help="replace what is here already")

    def handle(self, *, file, force, **options):
        try:
            said = restoring.restore(file, force)
        except Refused as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Restored {sentence(said)}, as they were at {said['made_at']}.")
        if names := accounts.valid_tokens():
            self.stdout.write(
                f"Tokens that are valid: {', '.join(names)}. To end one: manage.py token revoke NAME"
            )
