"""Every address. None ends with a slash but the admin's; the middleware takes away one that is given."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularSwaggerSplitView

from api.views import NothingView, RootView, SchemaView
from studio import login
from studio.accounts import view_on_site
from studio.preview import preview
from universes.urls import media_urlpatterns

from .health import HealthView, InfoView, MetricsView, ReadyView

urlpatterns = [
    path("", InfoView.as_view(), name="info"),
    path("health", HealthView.as_view(), name="health"),
    path("ready", ReadyView.as_view(), name="ready"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="swagger-ui"),
    path("openapi.json", SchemaView.as_view(), name="schema"),
    # Before what takes longer to look through.
    path("storage/", include(media_urlpatterns)),
    path("api", RootView.as_view(), name="api-root"),
    path("api/", include("universes.urls")),
    path("api/", include("jobs.urls")),
    path("api/", include("generation.urls")),
    path("api/", include("syncer.urls")),
    # With a page of its own for developers, DEBUG would answer an unknown path in HTML.
    re_path(r"^(?:api|storage)(?:/|$)", NothingView.as_view()),
    path("preview/<str:slug>", preview, name="preview"),
    # Before the admin's own.
    path(f"{settings.ADMIN_PATH}/login/", login.view),
    path(f"{settings.ADMIN_PATH}/r/<path:content_type_and_id>/", view_on_site),
    path(f"{settings.ADMIN_PATH}/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
]

handler400 = "api.views.bad_request"
handler403 = "api.views.forbidden"
handler404 = "api.views.not_found"
handler500 = "api.views.server_error"
