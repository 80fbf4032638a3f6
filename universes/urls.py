from django.urls import path

from .views import AssetViewSet, MusicPromptViewSet, UniverseViewSet

COLLECTION = {"get": "list", "post": "create"}
ITEM = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("universes", UniverseViewSet.as_view(COLLECTION), name="universes"),
    path("universes/<str:slug>", UniverseViewSet.as_view(ITEM), name="universe"),
    path("universes/<str:slug>/assets", AssetViewSet.as_view(COLLECTION), name="assets"),
    path("universes/<str:slug>/assets/<str:asset_id>", AssetViewSet.as_view(ITEM), name="asset"),
    path("universes/<str:slug>/music-prompts", MusicPromptViewSet.as_view(COLLECTION), name="music-prompts"),
    path(
        "universes/<str:slug>/music-prompts/<str:language>",
        MusicPromptViewSet.as_view(ITEM),
        name="music-prompt",
    ),
]
