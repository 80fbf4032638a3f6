from django.urls import path

from .views import SyncViewSet

urlpatterns = [
    path("sync/status", SyncViewSet.as_view({"get": "status"}), name="sync-status"),
    path("sync/init", SyncViewSet.as_view({"post": "init"}), name="sync-init"),
    path("sync/pull-all", SyncViewSet.as_view({"post": "pull_all"}), name="sync-pull-all"),
    path("sync/pull/<str:slug>", SyncViewSet.as_view({"post": "pull"}), name="sync-pull"),
    path("sync/push/<str:slug>", SyncViewSet.as_view({"post": "push"}), name="sync-push"),
    path("sync/unpublish/<str:slug>", SyncViewSet.as_view({"post": "unpublish"}), name="sync-unpublish"),
]
