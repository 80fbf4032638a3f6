from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MagikswipeConfig(AppConfig):
    name = "magikswipe"
    # `magikswipe` is the label of the app `api`, whose models were here once.
    label = "operation"

    def ready(self):
        from api.roles import WRITE
        from jobs import types

        from . import checks, database  # noqa: F401 - the first registers them
        from .adoption import LEGACY

        types.register(types.JobType(LEGACY, _("From the old backend"), WRITE))
        database.watch_file()
