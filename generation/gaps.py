"""What a universe lacks, and the steps that make it. Only read here; nothing is begun."""

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext_noop

from jobs.models import ACTIVE, JobStep
from universes import media
from universes.models import LANGUAGES, AssetTranslation
from universes.names import clip_of, music_name

from . import plan
from .words import LANGUAGE_WORDS

NAMES, PICTURES, CLIPS, LYRICS, SONGS = KINDS = ("names", "pictures", "clips", "lyrics", "songs")

# Why something is left out: of one, and of several. A job's row keeps it, in English.
NAMELESS = (
    gettext_noop("%(number)s card without any name: give each one first."),
    gettext_noop("%(number)s cards without any name: give each one first."),
)
WITHOUT_PICTURE = (
    gettext_noop("%(number)s clip of cards without a picture: draw these first."),
    gettext_noop("%(number)s clips of cards without a picture: draw these first."),
)
NO_LYRICS = gettext_noop("Lyrics: there are none in any language; write them in one, or give a theme.")
WITHOUT_LYRICS = (
    gettext_noop("%(number)s song without lyrics (%(languages)s): write them first."),
    gettext_noop("%(number)s songs without lyrics (%(languages)s): write them first."),
)


def gaps(universe):
    """What is missing: `{"names": [(card id, language)], "pictures": [card id], "clips": [card id], "prompts":
    [language], "lyrics": [language], "songs": [language]}`.

    Three statements; one where the universe comes with its assets and its music_prompts.
    """
    prefetch_related_objects([universe], "assets", "music_prompts")
    cards, files, named = list(universe.assets.all()), media.present(universe.slug), _named(universe)
    songs = {song.language: song for song in universe.music_prompts.all()}
    return {
        NAMES: [
            (card.pk, language) for card in cards for language in LANGUAGES if language not in named[card.pk]
        ],
        PICTURES: [card.pk for card in cards if card.image_name not in files],
        CLIPS: [card.pk for card in cards if not clip_of(card.image_name, files)],
        "prompts": [one for one in LANGUAGES if one not in songs or not _has(songs[one].prompt)],
        LYRICS: plan.without_lyrics(universe, LANGUAGES),
        SONGS: [one for one in LANGUAGES if music_name(one) not in files],
    }


def _named(universe):
    """`{card id: languages in which it has a name}`, as plain values: thousands of rows are only counted."""
    names = AssetTranslation.objects.filter(asset__universe=universe)
    found = defaultdict(set)
    for card_id, language, name in names.values_list("asset_id", "language", "display_name"):
        if _has(name):
            found[card_id].add(language)
    return found


def _cards(universe):
    prefetch_related_objects([universe], "assets__translations", "music_prompts")
    return list(universe.assets.all())


def _has(text):
    return bool((text or "").strip())


def unnamed(card, languages=LANGUAGES):
    """Those of the languages in which the card has no name; its translations are best loaded with it."""
    named = {row.language for row in card.translations.all() if _has(row.display_name)}
    return [language for language in languages if language not in named]


def some_name(card):
    """A name to translate from: the French one, else the one that is shown, else any; '' where there is none."""
    names = {row.language: row.display_name for row in card.translations.all() if _has(row.display_name)}
    return names.get("fr") or (card.display_name or "").strip() or next(iter(names.values()), "")


@dataclass
class Filling:
    """The steps that fill gaps, by kind; how many gaps they fill; sentences on what can't be filled.

    `running`: a job that is at some of it already.
    """

    steps: dict[str, list] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    running: object = None

    def add(self, kind, steps, number=None):
        self.steps[kind] = steps
        self.numbers[kind] = len(steps) if number is None else number

    def all_steps(self):
        return [step for kind in KINDS for step in self.steps.get(kind, [])]


def filling(universe, kinds=KINDS, theme=""):
    """How the gaps of these kinds are filled. Where there are no lyrics at all, `theme` is what they are about."""
    cards, made = _cards(universe), Filling()
    if NAMES in kinds:
        add_names(made, universe, cards, LANGUAGES)
    if PICTURES in kinds:
        made.add(PICTURES, plan.images(universe, cards, regenerate=False))
    if CLIPS in kinds:
        _add_clips(made, universe, cards)
    if LYRICS in kinds:
        _add_lyrics(made, universe, theme)
    if SONGS in kinds:
        _add_songs(made, universe)
    return made


def add_names(made, universe, cards, languages):
    """The names of these cards in these languages, but for those that a job is at."""
    busy = _being_named(universe)
    wanted, nameless = {}, 0
    for card in cards:
        lacking = unnamed(card, languages)
        left = [language for language in lacking if (card.image_name, language) not in busy]
        if len(left) < len(lacking):
            made.running = next(iter(busy.values()))
        if left and some_name(card):
            wanted[card.image_name] = left
        nameless += bool(left and not some_name(card))
    made.add(NAMES, plan.names(universe, wanted), sum(map(len, wanted.values())))
    if nameless:
        made.left_out.append(_said(nameless, *NAMELESS))


def _being_named(universe):
    """`{(image name, language): job}` of what jobs are at."""
    steps = JobStep.objects.filter(
        status__in=ACTIVE, key__startswith="names:", job__univers_slug=universe.slug
    )
    return {
        (card, language): step.job
        for step in steps.select_related("job")
        for card, languages in step.params["cards"].items()
        for language in languages
    }


def _add_clips(made, universe, cards):
    """A clip needs its picture: one that is there, or one that the same job draws."""
    files = media.present(universe.slug)
    drawn = {step.params["asset"] for step in made.steps.get(PICTURES, [])}
    possible = [card for card in cards if card.image_name in files or str(card.pk) in drawn]
    made.add(CLIPS, plan.videos(universe, possible, regenerate=False))
    lacking = [card for card in cards if not clip_of(card.image_name, files)]
    if left := len(lacking) - len(made.steps[CLIPS]):
        made.left_out.append(_said(left, *WITHOUT_PICTURE))


def _add_lyrics(made, universe, theme):
    lacking = plan.without_lyrics(universe, LANGUAGES)
    written = [language for language in LANGUAGES if language not in lacking]
    if not lacking:
        made.add(LYRICS, [])
    elif written:
        made.add(LYRICS, plan.translations(universe, written[0], lacking))
    elif theme:
        made.add(LYRICS, [plan.lyrics(universe, theme, lacking)], len(lacking))
    else:
        made.add(LYRICS, [])
        made.left_out.append(NO_LYRICS)


def _add_songs(made, universe):
    """A song needs its lyrics: those that are there, or those that the same job writes."""
    files = media.present(universe.slug)
    unsung = [language for language in LANGUAGES if music_name(language) not in files]
    lacking = plan.without_lyrics(universe, unsung)
    being_written = made.steps.get(LYRICS)
    possible = [language for language in unsung if being_written or language not in lacking]
    translated = [step.params["language"] for step in being_written or [] if step.key != "lyrics"]
    made.add(SONGS, plan.music(universe, possible, translated=translated))
    if left := [LANGUAGE_WORDS[language] for language in unsung if language not in possible]:
        made.left_out.append(_said(len(left), *WITHOUT_LYRICS, languages=", ".join(left)))


def _said(number, one, many, **more):
    return (one if number == 1 else many) % {"number": number, **more}
