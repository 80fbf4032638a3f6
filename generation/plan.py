"""Which steps a universe's pictures, clips and songs take. Nothing is begun here."""

from jobs.services import Step
from universes import media
from universes.models import LANGUAGES
from universes.names import music_name, video_name

from .words import LANGUAGE_WORDS

SLOT = "replicate"
HANDLERS = "generation.handlers"


def images(universe, cards, *, regenerate):
    """A picture of each card that has none, of every card with `regenerate`."""
    files = media.present(universe.slug)
    return [
        Step(
            key=f"image:{card.pk}",
            label=f"Picture of {card}",
            handler=f"{HANDLERS}.files.Image",
            params={"asset": str(card.pk), "file": card.image_name},
            claim=f"image:{card.pk}",
            slot=SLOT,
        )
        for card in cards
        if regenerate or card.image_name not in files
    ]


def videos(universe, cards, *, regenerate):
    """A clip of each card that has none; it waits for the card's picture, where the same job makes that."""
    files = media.present(universe.slug)
    return [
        Step(
            key=f"video:{card.pk}",
            label=f"Clip of {card}",
            handler=f"{HANDLERS}.files.Video",
            params={"asset": str(card.pk), "file": video_name(card.image_name)},
            claim=f"video:{card.pk}",
            slot=SLOT,
            after=f"image:{card.pk}",
        )
        for card in cards
        if regenerate or video_name(card.image_name) not in files
    ]


def music(universe, languages, *, style=""):
    """A song in each language; it waits for its lyrics, where the same job writes them."""
    lacking = without_lyrics(universe, languages)
    return [
        Step(
            key=f"music:{language}",
            label=f"Song in {LANGUAGE_WORDS[language]}",
            handler=f"{HANDLERS}.files.Music",
            params={
                "universe": universe.pk,
                "language": language,
                "style": style,
                "file": music_name(language),
            },
            claim=f"music:{universe.pk}:{language}",
            slot=SLOT,
            after="lyrics" if language in lacking else "",
        )
        for language in languages
    ]


def concepts(universe, theme, count, *, with_videos, with_music, regenerate):
    """The step that thinks the cards up, and then adds all others to its job."""
    return Step(
        key="concepts",
        label="Concepts",
        handler=f"{HANDLERS}.words.Concepts",
        params={
            "universe": universe.pk,
            "theme": theme,
            "count": count,
            "with_videos": with_videos,
            "with_music": with_music,
            "regenerate": regenerate,
        },
        claim=f"concepts:{universe.pk}",
        slot=SLOT,
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
    lacking = without_lyrics(universe, languages)
    steps = [_lyrics(universe, theme, lacking)] if lacking else []
    return steps + music(universe, languages)


def _lyrics(universe, theme, languages):
    return Step(
        key="lyrics",
        label="Lyrics",
        handler=f"{HANDLERS}.words.Lyrics",
        params={"universe": universe.pk, "theme": theme, "languages": languages},
        claim=f"lyrics:{universe.pk}",
        slot=SLOT,
    )


def without_lyrics(universe, languages):
    """Those of the languages in which nobody wrote what is to be sung."""
    written = {song.language for song in universe.music_prompts.all() if (song.lyrics or "").strip()}
    return [language for language in languages if language not in written]
