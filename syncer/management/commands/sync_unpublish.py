from syncer import services
from syncer.management.base import SyncCommand


class Command(SyncCommand):
    help = "Take a universe and its media out of Supabase; what is here stays. Needs --force."
    chooses = False

    def add_arguments(self, parser):
        parser.add_argument("slug", help="the universe, as it is called in Supabase")
        super().add_arguments(parser)

    def handle(self, *args, slug, **options):
        self.slug = slug
        super().handle(*args, **options)

    def plans(self, slugs):
        return [services.plan_unpublish(self.slug)], [], {}

    def start(self, slugs, force):
        return services.start_unpublish(self.slug, force=force), [], {}
