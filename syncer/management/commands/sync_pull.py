from syncer import services
from syncer.management.base import SyncCommand


class Command(SyncCommand):
    help = "Make universes here as they are in Supabase; what is overwritten stays as a revision."

    def plans(self, slugs):
        return ([services.plan_pull(slug) for slug in slugs], []) if slugs else services.plan_pull_all()

    def start(self, slugs, force):
        return (
            (services.start_pull(slugs, force=force), []) if slugs else services.start_pull_all(force=force)
        )
