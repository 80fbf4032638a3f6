from django.apps import AppConfig


class MagikswipeConfig(AppConfig):
    name = "magikswipe"

    def ready(self):
        from . import checks, opened  # noqa: F401 - the first registers them

        opened.watch()
