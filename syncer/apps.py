from django.apps import AppConfig


class SyncerConfig(AppConfig):
    name = "syncer"

    def ready(self):
        from . import checks  # noqa: F401 - registers the system checks
