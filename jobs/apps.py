from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        from api import registry

        from .errors import Busy, NotFound, NotPossible

        registry.register(
            {Busy: 409, NotFound: 404, NotPossible: 400},
            {"job_id": ("The job's id.", {"format": "uuid"})},
            made={"JobStarted": {"job_id": "$response.body#/id"}},
        )
