"""What one can have made: every interface calls these.

All raise ProviderErrors when Replicate is not configured or can't be reached, LimitReached when this month's limit
does not pay for it, UnknownPrice when there is a limit and no price; those that start a job return it, or the running
one when that is at all of it already.
"""

from functools import partial

from django.db import transaction

from jobs import services as jobs
from jobs.errors import Busy
from universes import media
from universes.errors import Invalid
from universes.models import LANGUAGES
from universes.services.assets import parse_uuid

from . import llm, plan, prices, provider, spending, translating
from .errors import CannotGenerate
from .handlers.files import cards as all_cards
from .handlers.files import image_input, song_input, video_input
from .words import LANGUAGE_WORDS, Concepts


def start_images(universe, asset_ids=None, *, regenerate=False, author=""):
    """Draw the cards with these ids, all of them for None. Without `regenerate`, those that have no picture."""
    cards = _chosen(universe, asset_ids)
    steps = plan.images(universe, cards, regenerate=regenerate)
    _check(cards, steps, "image", image_input)
    return _start("generate_images", universe, steps, "images", author)


def start_videos(universe, asset_ids=None, *, regenerate=False, author=""):
    """Animate the chosen cards that have a picture; CannotGenerate when none has."""
    files = media.present(universe.slug)
    cards = [card for card in _chosen(universe, asset_ids) if card.image_name in files]
    if not cards:
        raise CannotGenerate(
            f"No images found for the chosen assets of '{universe.slug}'; generate images first."
        )
    steps = plan.videos(universe, cards, regenerate=regenerate)
    _check(cards, steps, "video", video_input)
    return _start("generate_videos", universe, steps, "videos", author)


def start_music(universe, languages, *, style="", author=""):
    """Sing the stored lyrics, in the stored style or else in `style`; an older song is replaced."""
    if lacking := plan.without_lyrics(universe, languages):
        spoken = ", ".join(LANGUAGE_WORDS[language] for language in lacking)
        raise CannotGenerate(
            f"No lyrics in {spoken} for '{universe.slug}'; write them as music prompts first."
        )
    _check_songs(universe, languages, style)
    steps = plan.music(universe, languages, style=style)
    return _start("generate_music", universe, steps, "songs", author)


def start_all(
    universe, theme, count=10, *, generate_videos=True, generate_music=True, regenerate=False, author=""
):
    """Think the universe up, then draw, animate and sing it. Cards that it has stay, and what they lack is made.

    With `regenerate`, its cards are thought up anew; the old ones stay as a revision.
    """
    wanted = {"with_videos": generate_videos, "with_music": generate_music}
    if regenerate or not universe.assets.exists():
        steps = [plan.concepts(universe, theme, count, regenerate=regenerate, **wanted)]
    else:
        steps = _what_is_missing(universe, theme, wanted)
    return _start("generate_all", universe, steps, "steps", author)


def _what_is_missing(universe, theme, wanted):
    steps = plan.everything(universe, theme, regenerate=False, **wanted)
    cards = _chosen(universe, None)
    _check(cards, steps, "image", image_input)
    _check(cards, steps, "video", video_input)
    unwritten = plan.without_lyrics(universe, LANGUAGES)
    sung = [step.params["language"] for step in steps if step.key.startswith("music:")]
    _check_songs(universe, [language for language in sung if language not in unwritten])
    return steps


def concepts(theme, count=10, language="fr", *, univers_slug=""):
    """`(names, {language: names})`: so many things that belong to a theme. Nothing is stored.

    Raises Unusable when the model can't be brought to name them all.
    """
    task = Concepts(theme, count, language)
    llm.fulfil([task], univers_slug)
    return task.answer()


def translate_lyrics(lyrics, language, univers_slug=""):
    """French lyrics in another language, line by line."""
    return translating.translate(lyrics, "fr", language, univers_slug)


def translate_text(text, source, target):
    """A text in another language with its line breaks; Unusable when the model loses lines."""
    return translating.translate(text, source, target)


def _chosen(universe, asset_ids):
    """The universe's cards with these ids, in order; Invalid for an id that is none of them."""
    cards = list(all_cards().filter(universe=universe))
    if asset_ids is not None:
        wanted = {parse_uuid(asset_id) for asset_id in asset_ids}
        if not wanted:
            raise Invalid("asset_ids", "asset_ids is empty; leave it out to generate for all assets.")
        if unknown := wanted - {card.pk for card in cards}:
            raise Invalid("asset_ids", f"asset_ids: {_first(unknown)} is no asset of '{universe.slug}'.")
        cards = [card for card in cards if card.pk in wanted]
    if not cards:
        raise CannotGenerate(f"No assets in universe '{universe.slug}'; add some or apply concepts first.")
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


def _start(type, universe, steps, unit, author):
    start = partial(jobs.start, type, universe.slug, steps, unit=unit, author=author)
    if steps:
        spending.check_prices(prices.used_by(steps))
        provider.ready()
        spending.tidy()
    try:
        return _budgeted(start, steps)
    except Busy as busy:
        return busy.job


@transaction.atomic
def _budgeted(start, steps):
    """The started job with its estimate; LimitReached, and no job, when not one step of it can be bought."""
    job = start()
    keys = set(job.steps.values_list("key", flat=True))
    made = [step for step in steps if step.key in keys]
    spending.check_start(made)
    job.estimated_cost = prices.estimate(made)
    job.save(update_fields=["estimated_cost"])
    return job
