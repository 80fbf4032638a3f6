from django.apps import AppConfig
from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _


class UniversesConfig(AppConfig):
    name = "universes"
    verbose_name = _("Universes")

    def ready(self):
        from . import name_keys

        for model in name_keys.named_models():
            post_save.connect(name_keys.saved, sender=model, dispatch_uid=f"name_keys.{model.__name__}")
