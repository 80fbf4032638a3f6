from django.urls import path

from .media_views import MediaView

urlpatterns = [path("buckets/univers/<str:slug>/<str:name>", MediaView.as_view(), name="media")]
