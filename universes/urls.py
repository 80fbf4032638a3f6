from django.urls import path

from .views import (
    AssetViewSet,
    CardVariantViewSet,
    ClipViewSet,
    ImportViewSet,
    MusicPromptViewSet,
    PictureViewSet,
    SongVariantViewSet,
    SongViewSet,
    ThumbnailViewSet,
    UniverseViewSet,
)

COLLECTION = {"get": "list", "post": "create"}
UPLOAD = {"put": "upload"}
VARIANT = {"get": "retrieve", "post": "choose"}
ITEM = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("universes", UniverseViewSet.as_view(COLLECTION), name="universes"),
    # Before the next: a universe may be called so, too.
    path(
        "universes/import",
        ImportViewSet.as_view({**ITEM, "post": "load"}),
        {"slug": "import"},
        name="universe-import",
    ),
    path("universes/<str:slug>", UniverseViewSet.as_view(ITEM), name="universe"),
    path(
        "universes/<str:slug>/duplicate",
        UniverseViewSet.as_view({"post": "duplicate"}),
        name="universe-duplicate",
    ),
    path("universes/<str:slug>/export", UniverseViewSet.as_view({"get": "export"}), name="universe-export"),
    path("universes/<str:slug>/thumbnail", ThumbnailViewSet.as_view(UPLOAD), name="thumbnail"),
    path("universes/<str:slug>/assets", AssetViewSet.as_view(COLLECTION), name="assets"),
    path("universes/<str:slug>/assets/<str:asset_id>", AssetViewSet.as_view(ITEM), name="asset"),
    path("universes/<str:slug>/assets/<str:asset_id>/image", PictureViewSet.as_view(UPLOAD), name="image"),
    path("universes/<str:slug>/assets/<str:asset_id>/video", ClipViewSet.as_view(UPLOAD), name="video"),
    path(
        "universes/<str:slug>/assets/<str:asset_id>/variants",
        CardVariantViewSet.as_view({"get": "list"}),
        name="card-variants",
    ),
    path(
        "universes/<str:slug>/assets/<str:asset_id>/variants/<str:sha256>",
        CardVariantViewSet.as_view(VARIANT),
        name="card-variant",
    ),
    path("universes/<str:slug>/music/<str:language>", SongViewSet.as_view(UPLOAD), name="song"),
    path(
        "universes/<str:slug>/music/<str:language>/variants",
        SongVariantViewSet.as_view({"get": "list"}),
        name="song-variants",
    ),
    path(
        "universes/<str:slug>/music/<str:language>/variants/<str:sha256>",
        SongVariantViewSet.as_view(VARIANT),
        name="song-variant",
    ),
    path("universes/<str:slug>/music-prompts", MusicPromptViewSet.as_view(COLLECTION), name="music-prompts"),
    path(
        "universes/<str:slug>/music-prompts/<str:language>",
        MusicPromptViewSet.as_view(ITEM),
        name="music-prompt",
    ),
]
