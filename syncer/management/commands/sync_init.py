from syncer import services
from syncer.management.base import SyncCommand
from syncer.services import Planned, Started


class Command(SyncCommand):
    help = "Bring all universes of Supabase here, for a fresh installation. What is only here stays."
    takes_slugs = False

    def plans(self, slugs: list[str]) -> Planned:
        return services.plan_pull_all()

    def start(self, slugs: list[str], force: bool) -> Started:
        return services.start_init(force=force)
