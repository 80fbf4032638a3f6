import re

from django.apps import AppConfig
from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _

# Bodies that are files, by their paths in urls.py, and the settings that bound them.
FILE_BODIES = (
    ("POST", re.compile(r"/api/universes/import/?"), "IMPORT_MAX_MB"),
    ("PUT", re.compile(r"/api/universes/[^/]+/assets/[^/]+/video/?"), "UPLOAD_CLIP_MAX_MB"),
    (
        "PUT",
        re.compile(r"/api/universes/[^/]+/(assets/[^/]+/image|thumbnail|music/[^/]+)/?"),
        "UPLOAD_MAX_MB",
    ),
)


class UniversesConfig(AppConfig):
    name = "universes"
    verbose_name = _("Universes")

    def ready(self) -> None:
        from api import registry

        from . import errors, name_keys
        from .models import LANGUAGES
        from .names import SLUG_LENGTH

        for model in name_keys.named_models():
            post_save.connect(name_keys.saved, sender=model, dispatch_uid=f"name_keys.{model.__name__}")
        registry.register(
            {
                errors.AlreadyExists: 400,
                errors.Changing: 409,
                errors.Invalid: 422,
                errors.NotFound: 404,
                errors.TooLarge: 413,
            },
            {
                "slug": ("The universe's slug.", {"maxLength": SLUG_LENGTH}),
                "asset_id": ("The card's id.", {"format": "uuid"}),
                "language": ("One of the five languages.", {"enum": list(LANGUAGES)}),
                "sha256": (
                    "The variant's SHA-256, as the list of variants has it.",
                    {"pattern": "^[0-9a-f]{64}$"},
                ),
                "name": ("The file's name, as the media URLs in other answers have it.", {}),
            },
            FILE_BODIES,
            {
                "Universe": {"slug": "$response.body#/slug"},
                "Asset": {"slug": "$request.path.slug", "asset_id": "$response.body#/id"},
                "MusicPrompt": {"slug": "$request.path.slug", "language": "$response.body#/language"},
            },
        )
