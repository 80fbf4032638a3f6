from django.apps import AppConfig


class SyncerConfig(AppConfig):
    name = "syncer"

    def ready(self) -> None:
        from api import registry
        from jobs import types

        from . import checks, errors  # noqa: F401 - registers the system checks
        from .services import JOB_TYPES

        types.register(*JOB_TYPES)
        registry.register(
            {
                errors.Cancelled: 409,
                errors.Conflict: 409,
                errors.NoSpace: 507,
                errors.NotConfigured: 503,
                errors.NotThere: 404,
                errors.Refused: 409,
                errors.RemoteError: 502,
                errors.Unreachable: 503,
                errors.WrongKey: 503,
            },
            {"revision_id": ("The revision's id.", {"format": "uuid"})},
        )
