"""The studio's addresses, under each universe's in the admin."""

from django.contrib import admin
from django.urls import path

from . import activity, cards, files, ideas, names, songs
from .live import live


def _path(route, view, name):
    return path(f"<int:universe_id>/{route}", admin.site.admin_view(view), name=f"studio_{name}")


urlpatterns = [
    _path("live/", live, "live"),
    _path("cards/", cards.page, "cards"),
    _path("cards/add/", cards.add, "add_card"),
    _path("cards/arrange/", cards.arrange, "arrange"),
    _path("cards/<uuid:asset_id>/", cards.part, "card"),
    _path("cards/<uuid:asset_id>/save/", cards.save, "save_card"),
    _path("cards/<uuid:asset_id>/delete/", cards.delete, "delete_card"),
    _path("cards/<uuid:asset_id>/draw/", cards.draw, "draw"),
    _path("cards/<uuid:asset_id>/animate/", cards.animate, "animate"),
    _path("cards/<uuid:asset_id>/upload/", files.upload, "upload"),
    _path("cards/<uuid:asset_id>/variants/", files.strip, "variants"),
    _path("cards/<uuid:asset_id>/variants/<slug:sha256>/", files.show, "variant"),
    _path("cards/<uuid:asset_id>/variants/<slug:sha256>/choose/", files.choose, "choose"),
    _path("ideas/", ideas.page, "ideas"),
    _path("ideas/<uuid:job_id>/", ideas.proposals, "proposals"),
    _path("ideas/<uuid:job_id>/take/", ideas.take, "take_ideas"),
    _path("activity/", activity.page, "activity"),
    _path("names/", names.page, "names"),
    _path("songs/", songs.page, "songs"),
]
