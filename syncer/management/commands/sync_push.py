from syncer import services
from syncer.management.base import SyncCommand
from universes.models import Universe


class Command(SyncCommand):
    help = "Make universes in Supabase as they are here."

    def plans(self, slugs):
        return services.plan_each(services.PUSH, slugs or everything())

    def start(self, slugs, force):
        return services.start_each(services.PUSH, slugs or everything(), force=force)


def everything():
    return list(Universe.objects.order_by("slug").values_list("slug", flat=True))
