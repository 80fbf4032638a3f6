"""`manage.py jobs`: lists, cancels and retries jobs at a terminal."""

import json
import sys
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from jobs import services
from jobs.errors import Busy, NotFound, NotPossible
from jobs.models import ACTIVE, Job

FAILED = 1


class Command(BaseCommand):
    help = "Lists jobs, cancels one, or retries what failed of one. Exit code 1 when that is not possible."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", nargs="?", choices=["list", "cancel", "retry"], default="list")
        parser.add_argument("job", nargs="?", help="The id of the job to cancel or retry.")
        parser.add_argument("--active", action="store_true", help="List those alone that have not ended.")
        parser.add_argument("--limit", type=int, default=20, help="How many to list, newest first (20).")
        parser.add_argument("--json", action="store_true", help="Print JSON.")

    def handle(self, *, action: str, job: str | None, active: bool, limit: int, **options: Any) -> None:
        if action == "list":
            jobs = Job.objects.filter(status__in=ACTIVE) if active else Job.objects.all()
            self.tell(list(jobs[:limit]), options["json"])
            return
        if not job:
            raise CommandError(f"Name the job: manage.py jobs {action} ID", returncode=2)
        try:
            changed = {"cancel": services.cancel, "retry": services.retry}[action](services.find(job))
        except (NotFound, NotPossible, Busy) as error:
            self.stderr.write(str(error))
            sys.exit(FAILED)
        self.tell([changed], options["json"])

    def tell(self, jobs: list[Job], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([facts(job) for job in jobs], indent=2))
            return
        for job in jobs:
            self.stdout.write(
                f"{job.pk}  {job.created_at:%Y-%m-%d %H:%M}  {job.status:9}  {job.progress:3} %  "
                f"{job.type} {job.univers_slug}: {job.error or job.message}"
            )


def facts(job: Job) -> dict[str, Any]:
    names = ("type", "univers_slug", "status", "progress", "message")
    return {
        "id": str(job.pk),
        "created_at": job.created_at.isoformat(),
        **{name: getattr(job, name) for name in names},
        "error": None if job.error is None else str(job.error),
    }
