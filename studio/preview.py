"""A universe as children see it: one card at a time, over the whole screen."""

import re

from django.conf import settings
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from api.permissions import has_scope
from api.roles import READ
from universes import media, queries
from universes.errors import NotFound
from universes.models import LANGUAGES
from universes.services import universes

# How each language calls itself.
OWN_NAMES = {"fr": "Français", "en": "English", "es": "Español", "it": "Italiano", "de": "Deutsch"}
USUAL_PATH = "admin"
COLOUR, USUAL_COLOUR = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})", re.ASCII | re.IGNORECASE), "#1a1a2e"


@require_safe
@cache_control(private=True, no_cache=True)
def preview(request, slug):
    """The page; a private universe is for those alone who may read the API. `?lang=` takes one of the five."""
    universe = _visible(request, slug)
    if not universe:
        return render(
            request, "preview/missing.html", {"may_know_admin": _may_know_admin(request)}, status=404
        )
    data = _data(universe, _language(request))
    names = data["languages"]
    context = {"universe": universe, "data": data, "own": OWN_NAMES, "name": names[data["language"]]["name"]}
    return render(request, "preview/preview.html", context)


def _visible(request, slug):
    # Who asks is looked at in any case: else an answer's Vary would tell a private universe from none.
    found = queries.visible(has_scope(request, READ))
    try:
        return universes.find(slug, found.prefetch_related("translations", "assets__translations"))
    except NotFound:
        return None


def _may_know_admin(request):
    """Whether a page may tell where the admin is: a path of one's own choice, to whoever has a session alone."""
    return settings.ADMIN_PATH == USUAL_PATH or request.user.is_authenticated


def _language(request):
    asked = request.GET.get("lang", "")
    return asked if asked in LANGUAGES else get_language()


def _data(universe, language):
    """What the script shows: plain values, with null for a file that is not there."""
    files = media.present(universe.slug)
    return {
        "language": language,
        "languages": _languages(universe, files),
        "colour": _colour(universe.background_color),
        "cover": media.thumbnail_url(universe, files),
        "cards": [_card(universe.slug, asset, files) for asset in universe.assets.all()],
        "words": _words(),
    }


def _languages(universe, files):
    names = {row.language: row.name for row in universe.translations.all()}
    return {
        language: {
            "name": names.get(language) or universe.name,
            "song": media.music_url(universe.slug, language, files),
        }
        for language in LANGUAGES
    }


def _card(slug, asset, files):
    names = {row.language: row.display_name for row in asset.translations.all()}
    return {
        "names": {language: names.get(language) or asset.display_name or "" for language in LANGUAGES},
        "image": media.image_url(slug, asset, files),
        "video": media.video_url(slug, asset, files),
    }


def _colour(text):
    """A colour that came from elsewhere may be anything."""
    return text if text and COLOUR.fullmatch(text) else USUAL_COLOUR


def _words():
    """What the script says itself; {name} and {number} are filled in there."""
    return {
        "play": _("Play the clip: {name}"),
        "stop": _("Stop the clip: {name}"),
        "sing": _("Play the song"),
        "pause": _("Pause the song"),
        "place": _("Card {number} of {count}"),
        "broken": _("The song can't be played just now."),
    }
