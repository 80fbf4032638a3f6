from django.urls import path

from .views import JobViewSet

urlpatterns = [
    path("jobs", JobViewSet.as_view({"get": "list"}), name="jobs"),
    path("jobs/cleanup", JobViewSet.as_view({"delete": "cleanup"}), name="jobs-cleanup"),
    path("jobs/<str:job_id>", JobViewSet.as_view({"get": "retrieve"}), name="job"),
    path("jobs/<str:job_id>/cancel", JobViewSet.as_view({"post": "cancel"}), name="job-cancel"),
    path("jobs/<str:job_id>/retry", JobViewSet.as_view({"post": "retry"}), name="job-retry"),
]
