from django.apps import AppConfig


class GenerationConfig(AppConfig):
    name = "generation"

    def ready(self) -> None:
        from api import registry
        from jobs import types

        from . import checks, errors  # noqa: F401 - registers the system checks
        from .services import JOB_TYPES

        types.register(*JOB_TYPES)
        registry.register(
            {
                errors.CannotGenerate: 400,
                errors.LimitReached: 409,
                errors.NotConfigured: 503,
                errors.ProviderError: 502,
                errors.Throttled: 503,
                errors.Unreachable: 503,
                errors.Unusable: 502,
                errors.WrongSignature: 401,
            }
        )
