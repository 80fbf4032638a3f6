"""What a song's buttons have made: lyrics written or translated, and the song. All of it costs money."""

import hashlib

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from api.roles import GENERATE
from generation import estimates, kinds
from generation import services as generation
from universes.models import Language
from universes.names import music_name

from ..model_admins import author
from ..operations import REFUSALS
from . import cards, dialogs, names, pages, songs

FRENCH = Language.FRENCH.value
LONGEST_THEME = 500
LYRICS_CHANGED = gettext_lazy(
    "It has changed since you looked: there are other lyrics now. Confirm once more to have them translated anew."
)


def _answered(request, universe, language, start, ask):
    """Start something and show the song anew; where a service refuses, `ask` again with its sentence."""
    try:
        start(author=author(request), once=dialogs.once(request))
    except REFUSALS as error:
        return ask(request, universe, language, str(error))
    return dialogs.started(_shown(request, universe, language))


def _shown(request, universe, language):
    """The song anew where one came from: its row of the gap board (`?from=board`), else its card of the tab Songs."""
    if request.GET.get("from") == "board":
        return dialogs.instead(f"language-{language}", names.render_language(request, universe, language))
    return dialogs.instead(f"song-{language}", songs.render_song(request, universe, language))


# --- The song


@require_http_methods(["GET", "POST"])
@pages.studio_view(GENERATE)
def sing(request, universe, language):
    """A GET tells what the song costs; a POST has it made, in place of one that there is."""
    songs.known(language)
    if request.method == "GET":
        return _ask_to_sing(request, universe, language)

    if dialogs.has_changed(request, _file(universe, language)):
        return _ask_to_sing(request, universe, language, cards.CHANGED)

    def start(**wishes):
        return generation.start_music(universe, [language], **wishes)

    return _answered(request, universe, language, start, _ask_to_sing)


def _file(universe, language):
    return cards.stamp(universe, music_name(language))


def _ask_to_sing(request, universe, language, error=""):
    song = songs.one(universe, language)
    replaces = _("It takes the place of the present one, which stays among the variants.") if song.url else ""
    cost = dialogs.costs(estimates.songs(universe, [language]))
    first = "" if song.lyrics.strip() else _("It has no lyrics yet; they are written first.")
    return dialogs.show(
        request,
        title=_("The song in %(language)s") % {"language": song.language.label},
        text=" ".join(filter(None, (cost, first, replaces))),
        note=kinds.SONGS.style(song.stored),
        submit=_("Generate"),
        error=error,
        seen=_file(universe, language),
    )


# --- Lyrics from another language


@require_http_methods(["GET", "POST"])
@pages.studio_view(GENERATE)
def translate(request, universe, language):
    """A GET asks from which language; a POST has the lyrics translated. `replace`: also where there are some."""
    songs.known(language)
    if request.method == "GET":
        return _ask_to_translate(request, universe, language)

    if dialogs.has_changed(request, _lyrics(universe, language)):
        return _ask_to_translate(request, universe, language, LYRICS_CHANGED)

    def start(**wishes):
        replace = bool(request.POST.get("replace"))
        return generation.start_lyrics(universe, language, _source(request), replace=replace, **wishes)

    return _answered(request, universe, language, start, _ask_to_translate)


def _lyrics(universe, language):
    """A text that is another one as soon as the lyrics are."""
    return hashlib.sha256(songs.one(universe, language).lyrics.encode()).hexdigest()


def _source(request):
    return songs.known(request.POST.get("source") or FRENCH)


def _ask_to_translate(request, universe, language, error=""):
    song = songs.one(universe, language)
    cost = dialogs.costs(estimates.estimate(kinds.LYRICS.translated(universe, FRENCH, [language])))
    return dialogs.show(
        request,
        title=_("Translate the lyrics into %(language)s") % {"language": song.language.label},
        text=cost,
        submit=_("Replace the lyrics") if song.lyrics else _("Translate"),
        error=error,
        template="admin/studio/songs_translate.html",
        sources=song.sources,
        replaces=song.lyrics,
        seen=_lyrics(universe, language),
    )


# --- Lyrics from nothing


@require_http_methods(["GET", "POST"])
@pages.studio_view(GENERATE)
def write(request, universe, language):
    """A GET asks what the song is about; a POST has its lyrics and style written, where there are none."""
    songs.known(language)
    if request.method == "GET":
        return _ask_to_write(request, universe, language)
    theme = _theme(request)
    if not theme:
        return _ask_to_write(request, universe, language, _("Say what the song is about."))

    def start(**wishes):
        return generation.start_song_words(universe, language, theme, **wishes)

    return _answered(request, universe, language, start, _ask_to_write)


def _theme(request):
    return request.POST.get("theme", "").strip()[:LONGEST_THEME]


def _ask_to_write(request, universe, language, error=""):
    label = Language(language).label
    return dialogs.show(
        request,
        title=_("Write the lyrics in %(language)s") % {"language": label},
        text=dialogs.costs(estimates.estimate([kinds.LYRICS.written(universe, "", [language])])),
        submit=_("Write"),
        error=error,
        template="admin/studio/songs_write.html",
        theme=_theme(request) or universe.name,
    )
