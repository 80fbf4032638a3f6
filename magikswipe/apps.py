from django.apps import AppConfig


class MagikswipeConfig(AppConfig):
    name = "magikswipe"
    # `magikswipe` is the label of the app `api`, whose models were here once.
    label = "operation"

    def ready(self):
        from . import checks, database  # noqa: F401 - the first registers them

        database.watch_file()
