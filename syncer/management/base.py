"""Options, progress, output and exit codes of the sync commands."""

import json
import sys
from collections.abc import Iterable
from typing import Any, Protocol

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from jobs.errors import Busy
from syncer import progress, services
from syncer.errors import Refused, SyncError
from syncer.plan import FileChange, Plan, PlanCounts, RowChange
from syncer.services import Failed, Planned, Report, Started
from universes.errors import NotFound

FAILED, WRONG_USE, REFUSED = 1, 2, 3
# While one universe is planned and written, another's files are moved.
PARALLEL_UNIVERSES = 2


class Output(Protocol):
    def write(self, text: str) -> object: ...


class Bar(progress.Listener):
    """One bar over all universes; it grows with each plan."""

    def __init__(self) -> None:
        self.bar = tqdm(total=0, unit=" changes", file=sys.stderr, leave=False)

    def planned(self, plan: Plan) -> None:
        with self.bar.get_lock():
            self.bar.set_description(plan.slug)
            self.bar.total += plan.size
            self.bar.refresh()

    def done(self, number: int) -> None:
        with self.bar.get_lock():
            self.bar.update(number)


class Lines(progress.Listener):
    """A line per universe, for logs."""

    def __init__(self, stream: Output) -> None:
        self.stream = stream

    def planned(self, plan: Plan) -> None:
        self.stream.write(f"{plan.slug}: {plan.size} changes")


class SyncCommand(BaseCommand):
    """Exit codes: 0 done, 1 failed, 2 wrong use, 3 refused since too much would be taken away."""

    takes_slugs = True

    def plans(self, slugs: list[str]) -> Planned:
        raise NotImplementedError

    def start(self, slugs: list[str], force: bool) -> Started:
        raise NotImplementedError

    def add_arguments(self, parser: CommandParser) -> None:
        if self.takes_slugs:
            parser.add_argument("slugs", nargs="*", metavar="slug", help="the universes")
            parser.add_argument("--all", action="store_true", help="all universes of the side it comes from")
        parser.add_argument("--dry-run", action="store_true", help="only show what would change")
        parser.add_argument("--force", action="store_true", help="even if it takes most of the target away")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        slugs = list(dict.fromkeys(options.get("slugs", ())))
        if self.takes_slugs and bool(slugs) == options["all"]:
            raise CommandError("Name one or more universes, or give --all.", returncode=WRONG_USE)
        try:
            if options["dry_run"]:
                self.show_plans(*self.plans(slugs), options["json"])
            else:
                self.show_report(self.run(slugs, options), options["json"])
        except (SyncError, NotFound, Busy) as error:
            code = REFUSED if isinstance(error, Refused) else FAILED
            raise CommandError(str(error), returncode=code) from None

    def run(self, slugs: list[str], options: dict[str, Any]) -> Report:
        """Start the job and run it to its end."""
        job, notes, failed = self.start(slugs, options["force"])
        bar = Bar() if sys.stderr.isatty() and not options["json"] else None
        with progress.heard_by(bar or Lines(self.stderr)):
            report = services.finish(job, notes, failed, PARALLEL_UNIVERSES)
        if bar:
            bar.bar.close()
        return report

    def show_plans(self, plans: list[Plan], notes: list[str], failed: Failed, as_json: bool) -> None:
        if as_json:
            found = {"plans": [plan.to_dict() for plan in plans], "errors": texts(failed), "notes": notes}
            self.stdout.write(json.dumps(found))
        else:
            self.show_lines(plans, notes)
        if failed:
            raise CommandError(
                "\n".join(f"{slug}: {error}" for slug, error in failed.items()), returncode=FAILED
            )

    def show_lines(self, plans: list[Plan], notes: list[str]) -> None:
        for plan in plans:
            self.stdout.write(f"{plan.slug}: {'nothing to do' if plan.is_empty else describe(plan.counts())}")
            for change in [*map(row_line, plan.rows), *map(file_line, plan.files)]:
                self.stdout.write(f"  {change}")
            if reason := plan.needs_force():
                self.stdout.write(f"  {reason}")
        self.show_notes([note for plan in plans for note in plan.reports] + notes)

    def show_report(self, report: Report, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(as_dict(report)))
        else:
            for slug, result in report.done.items():
                changes = result["changes"]
                self.stdout.write(f"{slug}: {describe(result['counts']) if changes else 'nothing to do'}")
            self.show_notes(report.notes)
        if report.failed:
            refused = all(isinstance(error, Refused) for error in report.failed.values())
            raise CommandError("\n".join(report.errors), returncode=REFUSED if refused else FAILED)

    def show_notes(self, notes: Iterable[str]) -> None:
        for note in notes:
            self.stderr.write(f"note: {note}")


def describe(counts: PlanCounts) -> str:
    """`rows: 3 create, 1 update; files: 2 create`"""
    parts = []
    for kind, numbers in (("rows", counts["rows"]), ("files", counts["files"])):
        changes = ", ".join(f"{n} {action}" for action, n in numbers.items() if n and action != "same")
        parts += [f"{kind}: {changes}"] if changes else []
    return "; ".join(parts) or "only ids"


def row_line(change: RowChange) -> str:
    fields = ", ".join(f"{column}: {old!r} -> {new!r}" for column, (old, new) in change.fields.items())
    return f"{change.action} {change.table} {change.name or change.id} {fields}".rstrip()


def file_line(change: FileChange) -> str:
    return f"{change.action} {change.name} ({change.reason})"


def as_dict(report: Report) -> dict[str, Any]:
    return {
        "success": report.success,
        "job_id": str(report.job.pk) if report.job else None,
        "universes": report.done,
        "errors": texts(report.failed),
        "notes": report.notes,
    }


def texts(failed: Failed) -> dict[str, str]:
    return {slug: str(error) for slug, error in failed.items()}
