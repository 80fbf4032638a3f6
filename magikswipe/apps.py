from django.apps import AppConfig


class MagikswipeConfig(AppConfig):
    name = "magikswipe"

    def ready(self):
        from . import checks  # noqa: F401 - registers them
