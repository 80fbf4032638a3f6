"""The studio's addresses, under each universe's in the admin."""

from django.contrib import admin
from django.urls import path

from ..publish import standing
from . import activity, card_order, cards, files, fill_gaps, ideas, names, song_files, song_generation, songs
from .live import live


def _path(route, view, name):
    return path(f"<int:universe_id>/{route}", admin.site.admin_view(view), name=f"studio_{name}")


urlpatterns = [
    _path("live/", live, "live"),
    _path("standing/", standing, "standing"),
    _path("cards/", cards.page, "cards"),
    _path("cards/add/", cards.add, "add_card"),
    _path("cards/arrange/", cards.arrange, "arrange"),
    _path("cards/<uuid:asset_id>/", cards.part, "card"),
    _path("cards/<uuid:asset_id>/save/", cards.save, "save_card"),
    _path("cards/<uuid:asset_id>/delete/", cards.delete, "delete_card"),
    _path("cards/<uuid:asset_id>/move/", card_order.move, "move"),
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
    _path("activity/<uuid:job_id>/steps/", activity.job_steps, "job_steps"),
    _path("names/", names.page, "names"),
    _path("names/gaps/", names.summary, "gaps"),
    _path("names/fill/", fill_gaps.fill_all, "fill_all"),
    _path("names/songs/<slug:language>/", names.language_row, "language"),
    _path("names/<uuid:asset_id>/", names.row, "row"),
    _path("names/<uuid:asset_id>/<slug:language>/save/", names.save, "save_name"),
    _path("names/<uuid:asset_id>/<slug:what>/fill/", names.fill, "fill"),
    _path("music/", songs.page, "songs"),
    _path("music/<slug:language>/", songs.part, "song"),
    _path("music/<slug:language>/save/", songs.save, "save_song"),
    _path("music/<slug:language>/sing/", song_generation.sing, "sing"),
    _path("music/<slug:language>/translate/", song_generation.translate, "translate"),
    _path("music/<slug:language>/write/", song_generation.write, "write"),
    _path("music/<slug:language>/upload/", song_files.upload, "upload_song"),
    _path("music/<slug:language>/delete/", song_files.delete, "delete_song"),
    _path("music/<slug:language>/variants/", song_files.strip, "song_variants"),
    _path("music/<slug:language>/variants/<slug:sha256>/", song_files.show, "song_variant"),
    _path("music/<slug:language>/variants/<slug:sha256>/choose/", song_files.choose, "choose_song"),
]
