import json

from django.core.management.base import BaseCommand, CommandError

from syncer import differences, services
from syncer.client import client
from syncer.errors import SyncError


class Command(BaseCommand):
    help = (
        "Tell whether Supabase answers, and per universe what differs. Exit codes: 0 it does, 1 it does not."
    )

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="tell it as JSON")

    def handle(self, *args, **options):
        try:
            client()
            found = {**services.status(), "universes": differences.overview()}
        except SyncError as error:
            raise CommandError(str(error), returncode=1) from None
        self.stdout.write(json.dumps(found) if options["json"] else table(found))


def table(found):
    """A line per universe, below the address."""
    lines = [f"connected to {found['supabase_url']}"]
    return "\n".join([*lines, *map(line, found["universes"])])


def line(entry):
    return " ".join([f"{entry['state']:<14}", entry["slug"], entry.get("error", "")]).rstrip()
