"""A song's file: brought along by somebody, chosen among earlier ones, or deleted with its words."""

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from api.roles import WRITE
from storage.errors import Busy
from universes.errors import NotFound
from universes.services import music, uploads, variants

from ..model_admins import author
from ..restore import served
from . import dialogs, files, pages, songs


def _song(request, universe, language):
    return dialogs.instead(f"song-{language}", songs.render_song(request, universe, language))


@require_http_methods(["GET", "POST"])
@pages.studio_view(WRITE)
def upload(request, universe, language):
    """A GET asks for a file; a POST makes it the song."""
    songs.known(language)
    if request.method == "GET":
        return _ask_for_file(request, universe, language)
    if not (file := request.FILES.get("file")):
        return _ask_for_file(request, universe, language, _("Choose a file first."))
    try:
        uploads.song(universe, language, file, author(request))
    except files.REFUSED as error:
        return _ask_for_file(request, universe, language, str(error))
    except Busy as error:
        return dialogs.later(_ask_for_file(request, universe, language, str(error)), error)
    return _song(request, universe, language)


def _ask_for_file(request, universe, language, error=""):
    song = songs.one(universe, language)
    replaces = _("It takes the place of the present one, which stays among the variants.")
    return dialogs.show(
        request,
        title=_("A song of your own in %(language)s") % {"language": song.language.label},
        text=replaces if song.url else _("It becomes the song of this language."),
        submit=_("Upload"),
        error=error,
        template="admin/studio/upload.html",
        accept="audio/*",
    )


@require_GET
@pages.studio_view()
def strip(request, universe, language):
    """The present and earlier songs of a language, to listen to."""
    return _strip(request, universe, songs.known(language))


def _strip(request, universe, language, error=""):
    song = songs.one(universe, language)
    found = [
        (variant, _address(universe, song, variant), _choosing(universe, song, variant))
        for variant in variants.of_song(universe, language)
    ]
    title = _("Songs in %(language)s") % {"language": song.language.label}
    return files.show_strip(request, found, error, title=title, nothing=_("There is no song yet."), song=song)


def _address(universe, song, variant):
    if variant.present:
        return song.url
    return reverse("admin:studio_song_variant", args=[universe.pk, song.language.value, variant.sha256])


def _choosing(universe, song, variant):
    return reverse("admin:studio_choose_song", args=[universe.pk, song.language.value, variant.sha256])


@require_POST
@pages.studio_view(WRITE)
def choose(request, universe, language, sha256):
    """Make an earlier song the present one; the one it replaces can be chosen again."""
    songs.known(language)
    try:
        variants.choose_song(universe, language, sha256, author(request))
    except files.REFUSED as error:
        return _strip(request, universe, language, str(error))
    return _song(request, universe, language)


@require_GET
@pages.studio_view()
def show(request, universe, language, sha256):
    """The bytes of one variant."""
    try:
        variant = variants.find(variants.of_song(universe, songs.known(language)), sha256)
    except NotFound as error:
        raise Http404(str(error)) from None
    return served(request, variant.sha256, variant.name)


@require_http_methods(["GET", "POST"])
@pages.studio_view(WRITE)
def delete(request, universe, language):
    """A GET tells what goes with it; a POST takes style, lyrics and song away."""
    song = songs.one(universe, language)
    if not song.stored:
        raise Http404(_("There are no words in this language."))
    if request.method == "POST":
        music.delete(song.stored, author(request))
        # The universe that was loaded still has it.
        return _song(request, pages.find(universe.pk), language)
    gone = [_("its style"), _("its lyrics"), *([_("its song")] if song.url else [])]
    return dialogs.show(
        request,
        title=_("Delete the song in %(language)s?") % {"language": song.language.label},
        text=_("With it go %(gone)s. The archive keeps them: a revision can be restored.")
        % {"gone": ", ".join(gone)},
        submit=_("Delete"),
        danger=True,
    )
