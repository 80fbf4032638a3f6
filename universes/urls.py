from django.urls import path

from .media_views import MediaView
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
LIST, DUPLICATE, EXPORT = {"get": "list"}, {"post": "duplicate"}, {"get": "export"}
UPLOAD = {"put": "upload"}
VARIANT = {"get": "retrieve", "post": "choose"}
ITEM = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

UNIVERSE = "universes/<str:slug>"
CARD = f"{UNIVERSE}/assets/<str:asset_id>"
SONG = f"{UNIVERSE}/music/<str:language>"
PROMPTS = f"{UNIVERSE}/music-prompts"

urlpatterns = [
    path("universes", UniverseViewSet.as_view(COLLECTION), name="universes"),
    # Before the next: a universe may be called so, too.
    path(
        "universes/import",
        ImportViewSet.as_view({**ITEM, "post": "load"}),
        {"slug": "import"},
        name="universe-import",
    ),
    path(UNIVERSE, UniverseViewSet.as_view(ITEM), name="universe"),
    path(f"{UNIVERSE}/duplicate", UniverseViewSet.as_view(DUPLICATE), name="universe-duplicate"),
    path(f"{UNIVERSE}/export", UniverseViewSet.as_view(EXPORT), name="universe-export"),
    path(f"{UNIVERSE}/thumbnail", ThumbnailViewSet.as_view(UPLOAD), name="thumbnail"),
    path(f"{UNIVERSE}/assets", AssetViewSet.as_view(COLLECTION), name="assets"),
    path(CARD, AssetViewSet.as_view(ITEM), name="asset"),
    path(f"{CARD}/image", PictureViewSet.as_view(UPLOAD), name="image"),
    path(f"{CARD}/video", ClipViewSet.as_view(UPLOAD), name="video"),
    path(f"{CARD}/variants", CardVariantViewSet.as_view(LIST), name="card-variants"),
    path(f"{CARD}/variants/<str:sha256>", CardVariantViewSet.as_view(VARIANT), name="card-variant"),
    path(SONG, SongViewSet.as_view(UPLOAD), name="song"),
    path(f"{SONG}/variants", SongVariantViewSet.as_view(LIST), name="song-variants"),
    path(f"{SONG}/variants/<str:sha256>", SongVariantViewSet.as_view(VARIANT), name="song-variant"),
    path(PROMPTS, MusicPromptViewSet.as_view(COLLECTION), name="music-prompts"),
    path(f"{PROMPTS}/<str:language>", MusicPromptViewSet.as_view(ITEM), name="music-prompt"),
]

# Beside the API: the files themselves.
media_urlpatterns = [path("buckets/univers/<str:slug>/<str:name>", MediaView.as_view(), name="media")]
