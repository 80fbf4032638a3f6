from syncer import services
from syncer.management.base import SyncCommand
from syncer.services import Planned, Started


class Command(SyncCommand):
    help = "Make universes here equal to Supabase; overwritten rows and files become a revision."

    def plans(self, slugs: list[str]) -> Planned:
        return services.plan_each(services.PULL, slugs) if slugs else services.plan_pull_all()

    def start(self, slugs: list[str], force: bool) -> Started:
        if slugs:
            return services.start_each(services.PULL, slugs, force=force)
        return services.start_pull_all(force=force)
