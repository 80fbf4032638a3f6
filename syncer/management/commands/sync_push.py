from syncer import services
from syncer.management.base import SyncCommand
from syncer.services import Planned, Started
from universes.models import Universe


class Command(SyncCommand):
    help = "Make universes in Supabase equal to here."

    def plans(self, slugs: list[str]) -> Planned:
        return services.plan_each(services.PUSH, slugs or everything())

    def start(self, slugs: list[str], force: bool) -> Started:
        return services.start_each(services.PUSH, slugs or everything(), force=force)


def everything() -> list[str]:
    return list(Universe.objects.order_by("slug").values_list("slug", flat=True))
