from django.urls import path

from .views import RevisionViewSet, SyncViewSet

urlpatterns = [
    path("sync/status", SyncViewSet.as_view({"get": "status"}), name="sync-status"),
    path("sync/init", SyncViewSet.as_view({"post": "init"}), name="sync-init"),
    path("sync/pull-all", SyncViewSet.as_view({"post": "pull_all"}), name="sync-pull-all"),
    path("sync/pull/<str:slug>", SyncViewSet.as_view({"post": "pull"}), name="sync-pull"),
    path("sync/push/<str:slug>", SyncViewSet.as_view({"post": "push"}), name="sync-push"),
    path("sync/revisions", RevisionViewSet.as_view({"get": "list"}), name="revision-list"),
    path("sync/revisions/<str:revision_id>", RevisionViewSet.as_view({"get": "retrieve"}), name="revision"),
    path("sync/restore/<str:revision_id>", SyncViewSet.as_view({"post": "restore"}), name="sync-restore"),
    path("sync/unpublish/<str:slug>", SyncViewSet.as_view({"post": "unpublish"}), name="sync-unpublish"),
]
