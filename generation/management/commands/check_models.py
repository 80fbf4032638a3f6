import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation import checks
from generation.checks import Compared
from generation.errors import ProviderError

DIFFERENT, NOT_CHECKED = 1, 2


class Command(BaseCommand):
    help = (
        "Compare the configured models with what Replicate publishes of them, and show whose token it is. Exit "
        "codes: 0 they fit, 1 some do not, 2 wrong use, or Replicate is not configured or can't be asked."
    )

    # It tells itself what is wrong with the models, in its own exit codes.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="tell the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            account, models = checks.account(), checks.compare_all()
        except ProviderError as error:
            raise CommandError(str(error), returncode=NOT_CHECKED) from None
        self.stdout.write(as_json(account, models) if options["json"] else table(account, models))
        if differing := [one.setting for one in models if one.differences]:
            raise CommandError(f"These do not fit: {', '.join(differing)}.", returncode=DIFFERENT)


def as_json(account: str, models: list[Compared]) -> str:
    return json.dumps({"account": account, "models": [asdict(one) for one in models]})


def table(account: str, models: list[Compared]) -> str:
    """A line per model, below it what is to be said of it."""
    lines = [f"account {account}"]
    for one in models:
        lines.append(f"{one.setting:<22} {one.model:<34} {'differs' if one.differences else 'fits'}")
        lines += [f"  difference: {text}" for text in one.differences]
        lines += [f"  note: {text}" for text in one.notes]
    return "\n".join(lines)
