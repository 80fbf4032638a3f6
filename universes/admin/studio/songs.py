"""The tab Songs: each language's style, lyrics and song."""

from django.views.decorators.http import require_GET

from ...models import Language
from . import pages


@require_GET
@pages.studio_view()
def page(request, universe):
    """The songs of all languages."""
    written = {song.language: song for song in universe.music_prompts.all()}
    songs = [(language.value, language.label, written.get(language.value)) for language in Language]
    return pages.render(request, universe, "songs", "admin/studio/songs.html", {"songs": songs})
