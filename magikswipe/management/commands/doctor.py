import json
import sys

from django.core.management.base import BaseCommand

from magikswipe.doctor import files, installation
from magikswipe.doctor.findings import Finding, examine, is_wrong

# In an order in which each can be made.
CHECKS = (
    installation.integrity,
    installation.names,
    installation.configuration,
    installation.models,
    installation.supabase,
    installation.disk,
    installation.worker,
    installation.stuck_jobs,
    installation.unended_jobs,
    installation.lost_steps,
    installation.held_slots,
    installation.open_charges,
)
FILES = (
    files.restores,
    files.pulls,
    files.deletions,
    files.contents,
    files.strangers,
    files.missing,
    files.records,
    files.archived,
    files.temporary,
)

STAGES = ((installation.database, CHECKS), (installation.bucket, FILES))

WRONG = 1


class Command(BaseCommand):
    help = (
        "Look for what is wrong with this installation: settings, services, jobs, files, archive. Exit code 1 when "
        "something is that was not mended."
    )

    # It looks at the database and at the settings itself.
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser):
        parser.add_argument(
            "--fix", action="store_true", help="mend what can be mended without asking anybody"
        )
        parser.add_argument("--json", action="store_true", help="tell the result as JSON")

    def handle(self, *, fix, **options):
        found = []
        for finding, fixed in examine(STAGES, fix):
            found.append((finding, fixed))
            if not options["json"]:
                self.stdout.write(line(finding, fixed))
        wrong = sum(is_wrong(*one) for one in found)
        self.stdout.write(
            json.dumps([facts(*one) for one in found]) if options["json"] else summary(found, wrong)
        )
        if wrong:
            sys.exit(WRONG)


def line(finding: Finding, fixed: bool) -> str:
    state = "mended" if fixed else finding.level
    can = " (--fix mends it)" if finding.fix and not fixed else ""
    return f"{state:7} {finding.code}: {finding.sentence}{can}"


def summary(found: list[tuple[Finding, bool]], wrong: int) -> str:
    mended = sum(fixed for _finding, fixed in found)
    if wrong:
        return f"{wrong} things are wrong, {mended} were mended."
    return f"All is well; {mended} things were mended." if mended else "All is well."


def facts(finding: Finding, fixed: bool) -> dict[str, object]:
    return {
        "code": finding.code,
        "level": finding.level,
        "sentence": finding.sentence,
        "fixable": finding.fix is not None,
        "fixed": fixed,
    }
