"""Songs: what is sung, and in which style, per language."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ..errors import AlreadyExists, NotFound
from ..models import LANGUAGES, MusicPrompt
from ..names import music_name
from . import edits, revisions
from .universes import change, lock


def find(universe, language):
    """The song prompt of a language; NotFound for one that is missing or no language of ours."""
    found = language in LANGUAGES and universe.music_prompts.filter(language=language).first()
    if not found:
        raise NotFound(
            _("Music prompt for '%(language)s' not found in universe '%(slug)s'.")
            % {"language": language[:20], "slug": universe.slug}
        )
    return found


def create(universe, *, language, prompt, lyrics, author="", job=""):
    """Write the first words of a language's song. `job`: the type of the job that does, for who started it."""
    try:
        with transaction.atomic():
            lock(universe)
            song = MusicPrompt.objects.create(
                universe=universe, language=language, prompt=prompt, lyrics=lyrics
            )
            edits.created(song, author, job)
            return song
    except IntegrityError:
        raise AlreadyExists(
            _("A music prompt for '%(language)s' already exists; change it with PATCH.")
            % {"language": language}
        ) from None


@transaction.atomic
def update(music_prompt, *, author="", job="", **fields):
    """Change what is given; a song that was sung already stays as it is."""
    if fields:
        with edits.recorded(music_prompt, author, job):
            change(music_prompt, **fields)
    return music_prompt


def delete(music_prompt, author=""):
    """Take the prompt away and then its song; a revision keeps both. NotFound when it is gone."""
    universe, language = music_prompt.universe, music_prompt.language
    with transaction.atomic():
        lock(universe)
        if not universe.music_prompts.filter(pk=music_prompt.pk).exists():
            raise NotFound(_("'%(name)s' was not found; it was deleted meanwhile.") % {"name": music_prompt})
        revisions.keep(universe, "delete_song", author, language=language, leaving=[music_name(language)])
        music_prompt.delete()
    revisions.finish(universe.slug)
