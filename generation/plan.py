"""Which steps a universe's pictures, clips and songs take. Nothing is begun here."""

import hashlib
import json
from collections.abc import Iterable

from django.utils.translation import gettext_noop

from jobs.services import Step
from universes import media
from universes.models import LANGUAGES, Universe
from universes.names import clip_of, music_name

from .words import LANGUAGE_WORDS

SLOT = "replicate"
HANDLERS = "generation.handlers"
# So many names in four languages, and the question for them, are far from the model's 8,192 tokens.
NAMES_AT_ONCE = 40
NAMES = gettext_noop("Names of %(number)s card"), gettext_noop("Names of %(number)s cards")


def _step(handler, kind, subject="", **fields):
    """A step of a handler of ours, which takes one of the places at the provider."""
    return Step(handler=f"{HANDLERS}.{handler}", kind=kind, subject=str(subject), slot=SLOT, **fields)


def images(universe, cards, *, regenerate):
    """A picture of each card that has none, of every card with `regenerate`."""
    files = media.present(universe.slug)
    return [
        _step(
            kind="pictures",
            subject=card.pk,
            key=f"image:{card.pk}",
            label=gettext_noop("Picture of %(card)s") % {"card": card},
            handler="files.Image",
            params={"asset": str(card.pk), "file": card.image_name},
            claim=f"image:{card.pk}",
        )
        for card in cards
        if regenerate or card.image_name not in files
    ]


def videos(universe, cards, *, regenerate):
    """A clip of each card that has none; it waits for the card's picture, where the same job makes that."""
    files = media.present(universe.slug)
    return [
        _step(
            kind="clips",
            subject=card.pk,
            key=f"video:{card.pk}",
            label=gettext_noop("Clip of %(card)s") % {"card": card},
            handler="files.Video",
            params={"asset": str(card.pk), "file": media.clip_name(universe.slug, card.image_name)},
            claim=f"video:{card.pk}",
            after=f"image:{card.pk}",
        )
        for card in cards
        if regenerate or not clip_of(card.image_name, files)
    ]


def music(universe, languages, *, style="", translated=()):
    """A song in each language; it waits for its lyrics, where the same job writes or translates them."""
    lacking = without_lyrics(universe, languages)
    return [
        _step(
            kind="songs",
            subject=language,
            key=f"music:{language}",
            label=gettext_noop("Song in %(language)s") % {"language": LANGUAGE_WORDS[language]},
            handler="files.Music",
            params={
                "universe": universe.pk,
                "language": language,
                "style": style,
                "file": music_name(language),
            },
            claim=f"music:{universe.pk}:{language}",
            after=f"lyrics:{language}" if language in translated else "lyrics" if language in lacking else "",
        )
        for language in languages
    ]


def concepts(universe, theme, count, *, with_videos, with_music, regenerate):
    """The step that thinks the cards up, and then adds all others to its job."""
    return _step(
        kind="concepts",
        key="concepts",
        label=gettext_noop("Concepts"),
        handler="words.Concepts",
        params={
            "universe": universe.pk,
            "theme": theme,
            "count": count,
            "with_videos": with_videos,
            "with_music": with_music,
            "regenerate": regenerate,
        },
        claim=f"concepts:{universe.pk}",
    )


def everything(universe, theme, *, with_videos, with_music, regenerate):
    """What a universe whose cards stand still needs: pictures, then clips; lyrics, then songs."""
    cards = list(universe.assets.all())
    steps = images(universe, cards, regenerate=regenerate)
    if with_videos:
        steps += videos(universe, cards, regenerate=regenerate)
    return steps + (_songs(universe, theme, regenerate) if with_music else [])


def _songs(universe, theme, regenerate):
    files = media.present(universe.slug)
    languages = [one for one in LANGUAGES if regenerate or music_name(one) not in files]
    return songs(universe, languages, theme=theme)


def songs(universe: Universe, languages: Iterable[str], *, theme: str, style: str = "") -> list[Step]:
    """A song in each language, after the step that writes the lyrics of the languages that have none."""
    lacking = without_lyrics(universe, languages)
    steps = [lyrics(universe, theme, lacking, style)] if lacking else []
    return steps + music(universe, languages, style=style)


def lyrics(universe: Universe, theme: str, languages: list[str], style: str = "") -> Step:
    """The step that writes a song in each of these languages. Without a `style` the model chooses one."""
    return _step(
        kind="lyrics",
        key="lyrics",
        label=gettext_noop("Lyrics"),
        handler="words.Lyrics",
        params={"universe": universe.pk, "theme": theme, "languages": languages, "style": style},
        # The same languages are written by one job at a time. A song may wait for another job's lyrics, so a claim
        # must not be held by a step that writes other languages.
        claim=f"lyrics:{universe.pk}:{','.join(sorted(languages))}",
    )


def translations(universe, source, languages):
    """The lyrics of the source language in each of these; what they have already is replaced, unless somebody
    writes something else meanwhile."""
    stored = {song.language: (song.lyrics or "").strip() for song in universe.music_prompts.all()}
    return [
        _step(
            kind="lyrics",
            subject=language,
            key=f"lyrics:{language}",
            label=gettext_noop("Lyrics in %(language)s") % {"language": LANGUAGE_WORDS[language]},
            handler="lyrics.TranslatedLyrics",
            params={
                "universe": universe.pk,
                "source": source,
                "language": language,
                "seen": stored.get(language, ""),
            },
            claim=f"lyrics:{universe.pk}:{language}",
        )
        for language in languages
    ]


def names(universe, wanted):
    """Steps that name cards; `wanted`: `{image name: languages}`."""
    cards = list(wanted)
    batches = [cards[start : start + NAMES_AT_ONCE] for start in range(0, len(cards), NAMES_AT_ONCE)]
    return [
        _names(universe, number, {card: wanted[card] for card in batch})
        for number, batch in enumerate(batches, start=1)
    ]


def _names(universe, number, wanted):
    return _step(
        kind="names",
        subject=number,
        key=f"names:{number}",
        label=_counted(len(wanted), *NAMES),
        handler="names.Names",
        params={"universe": universe.pk, "cards": wanted},
        claim=f"names:{universe.pk}:{_digest(wanted)}",
    )


def ideas(universe, theme, count, language):
    """The step that proposes cards; the same question is not asked twice at a time."""
    asked = {"theme": theme, "count": count, "language": language}
    return _step(
        kind="ideas",
        key="ideas",
        label=gettext_noop("Ideas"),
        handler="words.Ideas",
        params={"universe": universe.pk, **asked},
        claim=f"ideas:{universe.pk}:{_digest(asked)}",
    )


def _counted(number, one, many):
    return (one if number == 1 else many) % {"number": number}


def _digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def without_lyrics(universe, languages):
    """Those of the languages in which nobody wrote what is to be sung."""
    written = {song.language for song in universe.music_prompts.all() if (song.lyrics or "").strip()}
    return [language for language in languages if language not in written]
