"""The studio's addresses, under each universe's in the admin."""

from django.contrib import admin
from django.urls import path

from . import activity, ideas, names, songs
from .live import live


def _path(route, view, name):
    return path(f"<int:universe_id>/{route}", admin.site.admin_view(view), name=f"studio_{name}")


urlpatterns = [
    _path("live/", live, "live"),
    _path("ideas/", ideas.page, "ideas"),
    _path("activity/", activity.page, "activity"),
    _path("names/", names.page, "names"),
    _path("songs/", songs.page, "songs"),
]
