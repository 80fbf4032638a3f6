"""Songs: their words and style, per language."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ..errors import AlreadyExists, NotFound
from ..models import LANGUAGES, MusicPrompt, Universe
from ..names import music_name
from . import edits, revisions

update = edits.update


def find(universe: Universe, language: str) -> MusicPrompt:
    """The song prompt of a language; NotFound for a missing one and for an unknown language."""
    found = universe.music_prompts.filter(language=language).first() if language in LANGUAGES else None
    if not found:
        raise NotFound(
            _("Music prompt for '%(language)s' not found in universe '%(slug)s'.")
            % {"language": language[:20], "slug": universe.slug}
        )
    return found


def create(
    universe: Universe,
    *,
    language: str,
    prompt: str | None,
    lyrics: str | None,
    author: str = "",
    job: str = "",
) -> MusicPrompt:
    """Write the first words of a language's song. `job`: the type of the job that does, which the author started."""
    try:
        with transaction.atomic():
            edits.lock(universe)
            song = MusicPrompt.objects.create(
                universe=universe, language=language, prompt=prompt, lyrics=lyrics
            )
            edits.record_created(song, author, job)
            return song
    except IntegrityError:
        raise AlreadyExists(
            _("A music prompt for '%(language)s' already exists; change it with PATCH.")
            % {"language": language}
        ) from None


def delete(music_prompt: MusicPrompt, author: str = "") -> None:
    """Delete the prompt and then its song; a revision keeps both. NotFound when it is gone."""
    universe, language = music_prompt.universe, music_prompt.language
    with transaction.atomic():
        edits.lock(universe)
        if not universe.music_prompts.filter(pk=music_prompt.pk).exists():
            raise NotFound(_("'%(name)s' was not found; it was deleted meanwhile.") % {"name": music_prompt})
        revisions.create(universe, "delete_song", author, language=language, leaving=[music_name(language)])
        music_prompt.delete()
    revisions.archive_leaving(universe.slug)
