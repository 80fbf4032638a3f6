import json
import sys

from django.core.management.base import BaseCommand

from magikswipe.doctor.examination import examine, is_wrong

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
        for finding, fixed in examine(fix):
            found.append((finding, fixed))
            if not options["json"]:
                self.stdout.write(line(finding, fixed))
        wrong = sum(is_wrong(*one) for one in found)
        self.stdout.write(
            json.dumps([facts(*one) for one in found]) if options["json"] else summary(found, wrong)
        )
        if wrong:
            sys.exit(WRONG)


def line(finding, fixed):
    state = "mended" if fixed else finding.level
    can = " (--fix mends it)" if finding.fix and not fixed else ""
    return f"{state:7} {finding.code}: {finding.sentence}{can}"


def summary(found, wrong):
    mended = sum(fixed for _finding, fixed in found)
    if wrong:
        return f"{wrong} things are wrong, {mended} were mended."
    return f"All is well; {mended} things were mended." if mended else "All is well."


def facts(finding, fixed):
    return {
        "code": finding.code,
        "level": finding.level,
        "sentence": finding.sentence,
        "fixable": finding.fix is not None,
        "fixed": fixed,
    }
