"""What each order takes: its steps, or the sentence why it can't be done. Nothing is begun here."""

from dataclasses import dataclass, field

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from jobs.errors import Busy
from jobs.services import Step
from universes import media
from universes.errors import Invalid
from universes.models import LANGUAGES, Language
from universes.services.assets import parse_uuid

from . import adapters, plan
from . import gaps as gap
from .errors import CannotGenerate
from .handlers.files import cards as all_cards
from .handlers.files import check_style, image_input, song_input, video_input

LEFT_OUT = gettext_noop("Left out: %(sentence)s")


@dataclass(frozen=True)
class Order:
    """Checked steps, and what is not made and why, for people.

    `unit`: what the job's message counts, where that differs from what its type counts.
    """

    steps: list[Step] = field(default_factory=list)
    left_out: str = ""
    unit: str = ""


def images(universe, asset_ids, regenerate):
    cards = _chosen(universe, asset_ids)
    steps = plan.images(universe, cards, regenerate=regenerate)
    _check(cards, steps, "image", image_input)
    return Order(steps)


def videos(universe, asset_ids, regenerate):
    files = media.present(universe.slug)
    cards = [card for card in _chosen(universe, asset_ids) if card.image_name in files]
    if not cards:
        raise CannotGenerate(
            _("No images found for the chosen assets of '%(slug)s'; generate images first.")
            % {"slug": universe.slug}
        )
    steps = plan.videos(universe, cards, regenerate=regenerate)
    _check(cards, steps, "video", video_input)
    return Order(steps)


def music(universe, languages, style):
    unwritten = plan.without_lyrics(universe, languages) if _sings_lyrics() else []
    _check_songs(universe, [one for one in languages if one not in unwritten], style)
    if not unwritten:
        return Order(plan.music(universe, languages, style=style))
    _check_styles(universe, unwritten, style)
    return Order(plan.songs(universe, languages, theme=str(universe), style=style), unit="steps")


def _sings_lyrics() -> bool:
    """Whether the configured music model needs lyrics."""
    least, _most = adapters.adapter(adapters.MUSIC).lyrics
    return least > 0


def everything(universe, theme, count, regenerate, wanted):
    """`wanted`: `with_videos` and `with_music`, as `plan` takes them."""
    if regenerate or not universe.assets.exists():
        return Order([plan.concepts(universe, theme, count, regenerate=regenerate, **wanted)])
    steps = plan.everything(universe, theme, regenerate=False, **wanted)
    _check_all(universe, steps)
    return Order(steps)


def names(universe, asset_ids, languages):
    made = gap.Filling()
    cards = _chosen(universe, asset_ids)
    prefetch_related_objects(cards, "translations")
    gap.add_names(made, universe, cards, languages or LANGUAGES)
    if made.left_out and not made.all_steps():
        raise CannotGenerate(made.left_out[0])
    return _filling(made)


def lyrics(universe, languages, source, replace):
    if plan.without_lyrics(universe, [source]):
        raise CannotGenerate(
            _("No lyrics in %(language)s for '%(slug)s'; write them as a music prompt first.")
            % {"language": Language(source).label, "slug": universe.slug}
        )
    others = [language for language in dict.fromkeys(languages) if language != source]
    wanted = others if replace else plan.without_lyrics(universe, others)
    return Order(plan.translations(universe, source, wanted))


def song_words(universe, language, theme):
    lacking = plan.without_lyrics(universe, [language])
    return Order([plan.lyrics(universe, theme, lacking)] if lacking else [])


def ideas(universe, theme, count, language):
    return Order([plan.ideas(universe, theme, count, language)])


def gaps(universe, kinds, theme):
    if unknown := set(kinds) - set(gap.KINDS):
        raise Invalid(
            "kinds",
            _("kinds: '%(unknown)s' is none of %(kinds)s.")
            % {"unknown": _first(unknown), "kinds": ", ".join(gap.KINDS)},
        )
    made = gap.filling(universe, kinds, theme)
    _check_all(universe, made.all_steps())
    return _filling(made)


def _filling(made):
    steps = made.all_steps()
    if made.running and not steps:
        raise Busy(made.running)
    return Order(steps, " ".join(LEFT_OUT % {"sentence": sentence} for sentence in made.left_out))


def _chosen(universe, asset_ids):
    """The universe's cards with these ids, in order; Invalid for an id that is none of them."""
    cards = list(all_cards().filter(universe=universe))
    if asset_ids is not None:
        wanted = {parse_uuid(asset_id) for asset_id in asset_ids}
        if not wanted:
            raise Invalid("asset_ids", _("asset_ids is empty; leave it out to generate for all assets."))
        if unknown := wanted - {card.pk for card in cards}:
            raise Invalid(
                "asset_ids",
                _("asset_ids: %(unknown)s is no asset of '%(slug)s'.")
                % {"unknown": _first(unknown), "slug": universe.slug},
            )
        cards = [card for card in cards if card.pk in wanted]
    if not cards:
        raise CannotGenerate(
            _("No assets in universe '%(slug)s'; add some or apply concepts first.") % {"slug": universe.slug}
        )
    return cards


def _first(ids):
    return min(str(one) for one in ids)


def _check(cards, steps, kind, make_input):
    """Raise CannotGenerate for a prompt that the model would refuse, before anything is bought."""
    keys = {step.key for step in steps}
    for card in cards:
        if f"{kind}:{card.pk}" in keys:
            make_input(card)


def _check_songs(universe, languages, style=""):
    stored = {song.language: song for song in universe.music_prompts.all()}
    for language in languages:
        song_input(stored.get(language), style, language)


def _check_styles(universe, languages, style):
    """Raise CannotGenerate for a style that the music model would refuse, where the job writes the lyrics."""
    stored = {song.language: song for song in universe.music_prompts.all()}
    for language in languages:
        check_style(stored.get(language), style, language)


def _check_all(universe, steps):
    """The same for all pictures, clips and songs of these steps whose words are known already."""
    cards = list(all_cards().filter(universe=universe))
    _check(cards, steps, "image", image_input)
    _check(cards, steps, "video", video_input)
    unwritten = plan.without_lyrics(universe, LANGUAGES)
    sung = [step.params["language"] for step in steps if step.key.startswith("music:")]
    _check_songs(universe, [language for language in sung if language not in unwritten])
