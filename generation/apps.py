from django.apps import AppConfig


class GenerationConfig(AppConfig):
    name = "generation"

    def ready(self):
        from . import checks, price_checks  # noqa: F401 - registers the system checks
