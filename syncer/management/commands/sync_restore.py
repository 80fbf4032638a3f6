import json
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from syncer import restore, services
from syncer.management.base import WRONG_USE, SyncCommand
from syncer.services import Planned, Started
from universes.errors import NotFound
from universes.models import Revision
from universes.services import revisions

LATEST = "latest"


class Command(SyncCommand):
    help = (
        "Make a universe equal to one of its revisions; all that is replaced becomes a revision. "
        "Without --revision, list its revisions."
    )
    takes_slugs = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the universe, also one that was deleted")
        parser.add_argument("--list", action="store_true", help="list its revisions, newest first")
        parser.add_argument("--revision", metavar="ID", help="an id, a number of the list, or latest")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        revision: str | None = options["revision"]
        if options["list"] and revision:
            raise CommandError("Give --list or --revision, not both.", returncode=WRONG_USE)
        if (options["force"] or options["dry_run"]) and not revision:
            said = "Say which one to restore with --revision, or leave out --force and --dry-run."
            raise CommandError(said, returncode=WRONG_USE)
        self.slug: str = options["slug"]
        if revision:
            self.revision = revision
            super().handle(*args, **options)
        else:
            self.show_list(options["json"])

    def plans(self, slugs: list[str]) -> Planned:
        return [services.plan_restore(self.chosen())], [], {}

    def start(self, slugs: list[str], force: bool) -> Started:
        return services.start_restore(self.chosen(), force=force), [], {}

    def chosen(self) -> UUID:
        """The id of the named revision; NotFound when the universe has no such revision."""
        found = (
            self._numbered() if self.revision == LATEST or self.revision.isdecimal() else self._identified()
        )
        if not found:
            raise NotFound(
                f"Revision '{self.revision}' of universe '{self.slug[:100]}' not found; try --list."
            )
        return found.pk

    def _numbered(self) -> Revision | None:
        number = 1 if self.revision == LATEST else int(self.revision)
        return revisions.listing(self.slug)[number - 1 : number].first() if number else None

    def _identified(self) -> Revision | None:
        found = revisions.find(self.revision)
        return found if self.slug in (found.univers_slug, restore.slug_of(found)) else None

    def show_list(self, as_json: bool) -> None:
        found = [
            as_dict(number, revision) for number, revision in enumerate(revisions.listing(self.slug), start=1)
        ]
        if as_json:
            self.stdout.write(json.dumps({"revisions": found}))
        elif found:
            self.stdout.write("\n".join(map(line, found)))
        else:
            self.stderr.write(f"note: no revisions of '{self.slug}' are kept.")


def as_dict(number: int, revision: Any) -> dict[str, Any]:
    """`revision`: as `revisions` lists it, with the numbers of cards and songs."""
    return {
        "number": number,
        "id": str(revision.pk),
        "univers_slug": revision.univers_slug,
        "cause": revision.cause,
        "author": revision.author,
        "created_at": revision.created_at.isoformat(),
        "cards": revision.cards,
        "songs": revision.songs,
        "files": revisions.files_of(revision),
    }


def line(entry: dict[str, Any]) -> str:
    """`  1  2026-11-22 13:12:55  delete_card (editor): cards: 1, songs: 0, files: 2; id`"""
    when = entry["created_at"][:19].replace("T", " ")
    who = f" ({entry['author']})" if entry["author"] else ""
    files = entry["files"]
    gone = sum(file["size"] is None for file in files.values() if file["sha256"])
    held = f"cards: {entry['cards']}, songs: {entry['songs']}, files: {len(files)}"
    lost = f", {gone} of them gone" if gone else ""
    return f"{entry['number']:>3}  {when}  {entry['cause']}{who}: {held}{lost}; {entry['id']}"
