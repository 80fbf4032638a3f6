"""Makes a universe of a zip file that export_universe, the API or the admin wrote."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from storage.staging import staging
from universes.errors import AlreadyExists, Invalid, TooLarge
from universes.models import Universe
from universes.services import imports


class Command(BaseCommand):
    help = "Make a universe of an exported archive: all of it or, when anything is wrong with it, nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the archive, '-' for standard input")
        parser.add_argument("--slug", default="", help="another slug than the archive's")

    def handle(self, *, file: str, slug: str, **options: Any) -> None:
        try:
            universe = self.load(file, slug)
        except OSError as error:
            raise CommandError(f"{file} can't be read: {error.strerror}.") from None
        except (AlreadyExists, Invalid, TooLarge) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Imported '{universe.name}' as {universe.slug}, {universe.assets.count()} cards.")

    def load(self, file: str, slug: str) -> Universe:
        if file != "-":
            imports.check_size(Path(file).stat().st_size)
            return imports.load(file, slug)
        with staging() as folder:
            imports.receive(sys.stdin.buffer, folder / "archive")
            return imports.load(folder / "archive", slug)
