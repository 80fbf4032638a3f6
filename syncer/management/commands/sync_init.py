from syncer import services
from syncer.management.base import SyncCommand
from syncer.services import Planned, Started


class Command(SyncCommand):
    help = "Pull all universes of Supabase, for a fresh installation. Universes that are only here stay."
    takes_slugs = False

    def plans(self, slugs: list[str]) -> Planned:
        return services.plan_pull_all()

    def start(self, slugs: list[str], force: bool) -> Started:
        return services.start_init(force=force)
