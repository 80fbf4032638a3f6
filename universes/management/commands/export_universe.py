"""Writes one universe, rows and media, into a single zip file."""

import shutil
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from storage.staging import staging
from universes.errors import Changing, NotFound
from universes.services import exports


class Command(BaseCommand):
    help = "Write one universe, rows and media, into a zip file that import_universe reads."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument(
            "file", nargs="?", help="SLUG.magikswipe.zip when absent, '-' for standard output"
        )

    def handle(self, *, slug: str, file: str | None, **options: Any) -> None:
        with staging() as folder:
            try:
                exports.write(slug, folder / "archive")
            except (NotFound, Changing) as error:
                raise CommandError(str(error)) from None
            self.deliver(folder / "archive", file or exports.file_name(slug))

    def deliver(self, archive: Path, file: str) -> None:
        if file == "-":
            with archive.open("rb") as source:
                shutil.copyfileobj(source, sys.stdout.buffer)
            return
        try:
            shutil.copyfile(archive, file)
        except OSError as error:
            raise CommandError(f"{file} can't be written: {error.strerror}.") from None
        self.stderr.write(f"Wrote {file} ({Path(file).stat().st_size / 1e6:.1f} MB).")
