"""What the sync commands share: options, progress, output, exit codes."""

import json
import sys

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from jobs.errors import Busy
from syncer import progress, services
from syncer.errors import Refused, SyncError
from universes.errors import NotFound

FAILED, WRONG_USE, REFUSED = 1, 2, 3
# While one universe is planned and written, another's files come.
SIDE_BY_SIDE = 2


class Bar(progress.Listener):
    """One bar over all universes; it grows with each plan."""

    def __init__(self):
        self.bar = tqdm(total=0, unit=" changes", file=sys.stderr, leave=False)

    def planned(self, plan):
        with self.bar.get_lock():
            self.bar.set_description(plan.slug)
            self.bar.total += plan.size
            self.bar.refresh()

    def done(self, number):
        with self.bar.get_lock():
            self.bar.update(number)


class Lines(progress.Listener):
    """A line per universe, for logs."""

    def __init__(self, stream):
        self.stream = stream

    def planned(self, plan):
        self.stream.write(f"{plan.slug}: {plan.size} changes")


class SyncCommand(BaseCommand):
    """Exit codes: 0 done, 1 failed, 2 wrong use, 3 refused since too much would be taken away."""

    chooses = True

    def add_arguments(self, parser):
        if self.chooses:
            parser.add_argument("slugs", nargs="*", metavar="slug", help="the universes")
            parser.add_argument("--all", action="store_true", help="all universes of the side it comes from")
        parser.add_argument("--dry-run", action="store_true", help="only tell what would change")
        parser.add_argument("--force", action="store_true", help="even if it takes most of the target away")
        parser.add_argument("--json", action="store_true", help="tell the result as JSON")

    def handle(self, *args, slugs=(), **options):
        if self.chooses and bool(slugs) == options["all"]:
            raise CommandError("Name one or more universes, or give --all.", returncode=WRONG_USE)
        slugs = list(dict.fromkeys(slugs))
        try:
            if options["dry_run"]:
                self.show_plans(*self.plans(slugs), options)
            else:
                self.show_report(self.run(slugs, options), options)
        except (SyncError, NotFound, Busy) as error:
            code = REFUSED if isinstance(error, Refused) else FAILED
            raise CommandError(str(error), returncode=code) from None

    def run(self, slugs, options):
        """Start the job and see it through."""
        job, notes, failed = self.start(slugs, options["force"])
        shown = sys.stderr.isatty() and not options["json"]
        listener = Bar() if shown else Lines(self.stderr)
        with progress.heard_by(listener):
            report = services.finish(job, notes, failed, SIDE_BY_SIDE)
        if shown:
            listener.bar.close()
        return report

    def show_plans(self, plans, notes, failed, options):
        if options["json"]:
            found = {"plans": [plan.to_dict() for plan in plans], "errors": texts(failed), "notes": notes}
            self.stdout.write(json.dumps(found))
        else:
            self.show_lines(plans, notes)
        if failed:
            raise CommandError(
                "\n".join(f"{slug}: {error}" for slug, error in failed.items()), returncode=FAILED
            )

    def show_lines(self, plans, notes):
        for plan in plans:
            self.stdout.write(f"{plan.slug}: {'nothing to do' if plan.is_empty else describe(plan.counts())}")
            for change in plan.rows + plan.files:
                self.stdout.write(f"  {line(change.to_dict())}")
            if reason := plan.needs_force():
                self.stdout.write(f"  {reason}")
        self.show_notes([note for plan in plans for note in plan.reports] + notes)

    def show_report(self, report, options):
        if options["json"]:
            self.stdout.write(json.dumps(as_dict(report)))
        else:
            for slug, result in report.done.items():
                changes = result["changes"]
                self.stdout.write(f"{slug}: {describe(result['counts']) if changes else 'nothing to do'}")
            self.show_notes(report.notes)
        if report.failed:
            refused = all(isinstance(error, Refused) for error in report.failed.values())
            raise CommandError("\n".join(report.errors), returncode=REFUSED if refused else FAILED)

    def show_notes(self, notes):
        for note in notes:
            self.stderr.write(f"note: {note}")


def describe(counts):
    """`rows: 3 create, 1 update; files: 2 create`"""
    parts = []
    for what, numbers in counts.items():
        said = ", ".join(f"{n} {action}" for action, n in numbers.items() if n and action != "same")
        parts += [f"{what}: {said}"] if said else []
    return "; ".join(parts) or "only ids"


def line(change):
    """One planned change of a row or file."""
    if "table" not in change:
        return f"{change['action']} {change['name']} ({change['reason']})"
    fields = ", ".join(f"{c}: {v['old']!r} -> {v['new']!r}" for c, v in change["fields"].items())
    return f"{change['action']} {change['table']} {change['name'] or change['id']} {fields}".rstrip()


def as_dict(report):
    return {
        "success": report.success,
        "job_id": str(report.job.pk) if report.job else None,
        "universes": report.done,
        "errors": texts(report.failed),
        "notes": report.notes,
    }


def texts(failed):
    return {slug: str(error) for slug, error in failed.items()}
