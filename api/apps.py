from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"
    # The label that the tables of its models had before they moved here.
    label = "magikswipe"

    def ready(self) -> None:
        from . import registry
        from .idempotency import KeyRefused

        registry.register({KeyRefused: 400})
