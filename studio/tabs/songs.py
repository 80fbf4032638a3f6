"""The tab Songs: each language's style and lyrics, saved by themselves, and its song."""

from dataclasses import dataclass, field
from functools import partial

from django import forms
from django.db import transaction
from django.http import Http404
from django.shortcuts import render as render_part
from django.views.decorators.http import require_GET, require_POST

from api.roles import WRITE
from generation import adapters, kinds
from generation.adapters import NO_LIMIT
from generation.errors import CannotGenerate, ProviderError
from generation.kinds.lyrics import BUILT_IN_STYLE
from storage import bucket
from universes.errors import AlreadyExists
from universes.models import LANGUAGES, Language, MusicPrompt
from universes.names import music_name
from universes.services import edits, music

from ..forms import TextField
from ..model_admins import author
from . import autosave, cards, live, pages

KINDS = (kinds.LYRICS.key, kinds.SONGS.key)


class SongForm(forms.Form):
    """What one can type of a song."""

    prompt = TextField(max_length=10_000)
    lyrics = TextField(max_length=20_000)


@dataclass
class Song:
    """A language's song as its template shows it. `stored`: its style and lyrics, None where nobody wrote any.

    `sources`: the other languages that have lyrics. `work` and `failures`: by kind, `lyrics` or `songs`.
    """

    language: Language
    stored: MusicPrompt | None
    url: str | None
    signature: str
    sources: list
    work: dict = field(default_factory=dict)
    failures: dict = field(default_factory=dict)

    @property
    def key(self):
        return f"{live.SONG}:{self.language}"

    @property
    def failed(self):
        return [self.failures[kind] for kind in KINDS if kind in self.failures]

    @property
    def from_french(self):
        return Language.FRENCH in self.sources

    @property
    def style(self):
        return (self.stored and self.stored.prompt) or ""

    @property
    def lyrics(self):
        return (self.stored and self.stored.lyrics) or ""


def shown(universe):
    """The Songs of all languages, in few statements."""
    stats, work = bucket.bucket().files(universe.slug), live.work_of(universe)
    stored = {song.language: song for song in universe.music_prompts.all()}
    signatures = live.signatures(universe, [f"{live.SONG}:{language}" for language in LANGUAGES], work)
    failed = live.failures_of(universe)
    written = [language for language in Language if _has_lyrics(stored.get(language.value))]
    return [
        Song(
            language=language,
            stored=stored.get(language.value),
            url=cards.address(universe, music_name(language.value), stats),
            signature=signatures[f"{live.SONG}:{language}"],
            sources=[one for one in written if one != language],
            work=work.get(f"{live.SONG}:{language}", {}),
            failures=failed.get(f"{live.SONG}:{language}", {}),
        )
        for language in Language
    ]


def _has_lyrics(stored):
    return bool(stored and (stored.lyrics or "").strip())


def one(universe, language):
    """The Song of one language; Http404 for one that is none of ours."""
    known(language)
    return next(song for song in shown(universe) if song.language == language)


def known(language):
    if language not in LANGUAGES:
        raise Http404(f"{language} is none of {', '.join(LANGUAGES)}.")
    return language


def limits():
    """(least, most) characters of style and of lyrics, None for most without a limit; as the model has them."""
    try:
        model = adapters.adapter(adapters.MUSIC)
    except (CannotGenerate, ProviderError):
        # Words can be written all the same; a song that can't be made says why when it is asked for.
        return {"prompt": NO_LIMIT, "lyrics": NO_LIMIT}
    return {"prompt": model.prompt, "lyrics": model.lyrics}


# --- Pages and parts


@require_GET
@pages.studio_view()
def page(request, universe):
    """The songs of all languages."""
    context = {"songs": shown(universe), **_around()}
    return pages.render(request, universe, "songs", "admin/studio/songs.html", context)


@require_GET
@pages.studio_view()
def part(request, universe, language):
    """One language's song alone."""
    return render_song(request, universe, language)


def render_song(request, universe, language):
    context = {"song": one(universe, language), "universe": universe, "may": pages.rights(request.user)}
    return render_part(request, "admin/studio/song.html", {**context, **_around()})


def _around():
    return {"limits": limits(), "built_in": BUILT_IN_STYLE}


# --- Words


@require_POST
@pages.studio_view(WRITE)
def save(request, universe, language):
    """Save the fields that were touched; the first ones of a language make its song."""
    part = autosave.Part(request, universe, f"{live.SONG}:{known(language)}")
    with transaction.atomic():
        song, is_new = _stored(universe, language, author(request))
        told, status = autosave.save(request, song, SongForm, author(request))
        # What is refused, or says nothing, leaves no empty song behind.
        is_empty = is_new and not any(edits.words(song).values())
        transaction.set_rollback(status != 200 or is_empty)
    return part.answer(told, status)


def _stored(universe, language, who):
    """The words of a language, made where there are none; and whether they were."""
    find = partial(MusicPrompt.objects.filter(universe=universe, language=language).first)
    if found := find():
        return found, False
    try:
        return music.create(universe, language=language, prompt=None, lyrics=None, author=who), True
    except AlreadyExists:
        return find(), False
