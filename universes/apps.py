from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UniversesConfig(AppConfig):
    name = "universes"
    verbose_name = _("Universes")
