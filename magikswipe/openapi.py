"""The head of the API's schema, and the names of its enums: `SPECTACULAR_SETTINGS`."""

from . import __version__

SPECTACULAR_SETTINGS = {
    "TITLE": "MagikSwipe",
    "DESCRIPTION": "Universes for children: write them, let AI models draw, animate and sing them, publish them.",
    "VERSION": __version__,
    "SERVERS": [{"url": "/", "description": "This installation"}],
    "TAGS": [
        {"name": "universes", "description": "Universes with their cards, names, songs, files and archives."},
        {
            "name": "generate",
            "description": "What AI models write at once, and draw, animate and sing as jobs.",
        },
        {
            "name": "jobs",
            "description": "What is being made or synced, how far it is, and how to stop or retry it.",
        },
        {
            "name": "sync",
            "description": "Universes between here and Supabase, and what was replaced on the way.",
        },
        {"name": "system", "description": "Whether the installation works, and the media files."},
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "persistAuthorization": True,
        "filter": True,
        # The default's numbers are paler than AA asks for.
        "syntaxHighlight": {"theme": "obsidian"},
    },
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "api.schema.add_links",
        "api.schema.polish",
    ],
    "ENUM_NAME_OVERRIDES": {
        "Language": "universes.models.Language",
        "JobType": "jobs.serializers.TYPES",
        "JobStatus": "jobs.models.State",
        "SyncReportType": "syncer.serializers.REPORTS",
        "GapsEstimateType": "generation.serializers.ESTIMATES",
        "GapKind": "generation.serializers.KINDS",
        "CostKind": "generation.models.ChargeKind",
        "VariantKind": "universes.services.variants.KINDS",
        "HealthStatus": "magikswipe.health.HEALTH",
        "ReadyStatus": "magikswipe.health.READINESS",
        "UniverseOrdering": "universes.queries.ORDERINGS",
    },
}
