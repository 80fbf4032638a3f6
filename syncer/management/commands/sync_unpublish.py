from typing import Any

from django.core.management.base import CommandParser

from syncer import services
from syncer.management.base import SyncCommand
from syncer.services import Planned, Started


class Command(SyncCommand):
    help = "Take a universe and its media out of Supabase; everything here stays. Needs --force."
    takes_slugs = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the universe, as it is called in Supabase")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.slug: str = options["slug"]
        super().handle(*args, **options)

    def plans(self, slugs: list[str]) -> Planned:
        return [services.plan_unpublish(self.slug)], [], {}

    def start(self, slugs: list[str], force: bool) -> Started:
        return services.start_unpublish(self.slug, force=force), [], {}
