import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from syncer import drift, services
from syncer.client import client
from syncer.errors import SyncError


class Command(BaseCommand):
    help = (
        "Show whether Supabase answers, and the drift of each universe. Exit codes: 0 it does, 1 it does not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            client()
            status, universes = services.status(), drift.overview()
        except SyncError as error:
            raise CommandError(str(error), returncode=1) from None
        if options["json"]:
            self.stdout.write(json.dumps({**status, "universes": universes}))
        else:
            lines = [f"connected to {status['supabase_url']}", *map(line, universes)]
            self.stdout.write("\n".join(lines))


def line(entry: drift.Entry) -> str:
    return " ".join([f"{entry['state']:<14}", entry["slug"], entry.get("error", "")]).rstrip()
