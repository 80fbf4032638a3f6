from syncer import services
from syncer.management.base import SyncCommand


class Command(SyncCommand):
    help = "Bring all universes of Supabase here, for a fresh installation. What is only here stays."
    chooses = False

    def plans(self, slugs):
        return services.plan_pull_all()

    def start(self, slugs, force):
        return services.start_init(force=force)
