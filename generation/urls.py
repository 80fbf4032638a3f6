from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.urls import path
from rest_framework.viewsets import ViewSet

from .views import CostsViewSet, JobsViewSet, WebhookView, WordsViewSet


def post(viewset: type[ViewSet], action: str) -> Callable[..., HttpResponseBase]:
    return viewset.as_view({"post": action})


urlpatterns = [
    path("generate/webhook", WebhookView.as_view(), name="generate-webhook"),
    path("generate/costs", CostsViewSet.as_view({"get": "retrieve"}), name="generation-costs"),
    path("generate/translate-text", post(WordsViewSet, "translate"), name="translate-text"),
    path("generate/<str:slug>/concepts", post(WordsViewSet, "concepts"), name="generate-concepts"),
    path("generate/<str:slug>/concepts/apply", post(WordsViewSet, "apply"), name="apply-concepts"),
    path("generate/<str:slug>/lyrics/<str:language>", post(WordsViewSet, "lyrics"), name="translate-lyrics"),
    path("generate/<str:slug>/images", post(JobsViewSet, "images"), name="generate-images"),
    path("generate/<str:slug>/videos", post(JobsViewSet, "videos"), name="generate-videos"),
    path("generate/<str:slug>/music", post(JobsViewSet, "music"), name="generate-music"),
    path("generate/<str:slug>/all", post(JobsViewSet, "all"), name="generate-all"),
    path("generate/<str:slug>/names", post(JobsViewSet, "names"), name="generate-names"),
    path("generate/<str:slug>/ideas", post(JobsViewSet, "ideas"), name="generate-ideas"),
    path("generate/<str:slug>/lyrics", post(JobsViewSet, "lyrics"), name="generate-lyrics"),
    path("generate/<str:slug>/gaps", post(JobsViewSet, "gaps"), name="generate-gaps"),
]
