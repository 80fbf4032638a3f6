"""The orders that every interface may give.

Those that start a job return it, or the running one when that is at all of it already. All take `author`, who is
named with what is replaced, and `once`, a text of at most 64 characters that a form carries: a start that comes
again with the same text is answered with the first one's job, and nothing is bought. All raise ProviderErrors when
Replicate is not configured or can't be reached, LimitReached when this month's limit does not pay for it,
UnknownPrice when there is a limit and no price, and `api.idempotency.KeyRefused` for a `once` that was used for
something else.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from api.roles import GENERATE
from jobs import services as jobs
from jobs.errors import Busy
from jobs.models import Job
from jobs.services import Step
from jobs.types import JobType
from universes.models import Universe
from universes.services import universes

from . import estimates, kinds, llm, orders, provider, spending
from .orders import Order
from .questions import Concepts, Translation

# Of cards, all of them for None.
Ids = Sequence[Any] | None

ALL = JobType("generate_all", _("Everything"), GENERATE)
GAPS = JobType("fill_gaps", _("Fill gaps"), GENERATE)
TRANSLATE_LYRICS, WRITE_LYRICS = kinds.LYRICS.job_types
JOB_TYPES = [*(job_type for kind in kinds.KINDS.values() for job_type in kind.job_types), ALL, GAPS]


def start_images(
    universe: Universe,
    asset_ids: Ids = None,
    *,
    regenerate: bool = False,
    author: str = "",
    once: str = "",
) -> Job:
    """Draw the cards with these ids, all of them for None. Without `regenerate`, those that have no picture."""
    order = partial(orders.images, universe, asset_ids, regenerate)
    return _start(kinds.PICTURES.job_types[0], universe, order, kinds.PICTURES.unit, author, once)


def start_videos(
    universe: Universe,
    asset_ids: Ids = None,
    *,
    regenerate: bool = False,
    author: str = "",
    once: str = "",
) -> Job:
    """Animate the chosen cards that have a picture; CannotGenerate when none has."""
    order = partial(orders.videos, universe, asset_ids, regenerate)
    return _start(kinds.CLIPS.job_types[0], universe, order, kinds.CLIPS.unit, author, once)


def start_music(
    universe: Universe, languages: Sequence[str], *, style: str = "", author: str = "", once: str = ""
) -> Job:
    """Sing the stored lyrics, in the stored style or else in `style`; an older song is replaced.

    Where a language has no lyrics and the model needs some, the job writes them first, about the universe's name and
    cards, and stores them with the style.
    """
    order = partial(orders.music, universe, languages, style)
    return _start(kinds.SONGS.job_types[0], universe, order, kinds.SONGS.unit, author, once)


def start_all(
    universe: Universe,
    theme: str,
    count: int = 10,
    *,
    generate_videos: bool = True,
    generate_music: bool = True,
    regenerate: bool = False,
    author: str = "",
    once: str = "",
) -> Job:
    """Think the universe up, then draw, animate and sing it. Cards that it has stay, and what they lack is made.

    With `regenerate`, its cards are thought up anew; the old ones stay as a revision.
    """
    wanted = {"with_videos": generate_videos, "with_music": generate_music}
    order = partial(orders.everything, universe, theme, count, regenerate, **wanted)
    return _start(ALL, universe, order, "steps", author, once)


def start_names(
    universe: Universe,
    asset_ids: Ids = None,
    languages: Sequence[str] | None = None,
    *,
    author: str = "",
    once: str = "",
) -> Job:
    """Name cards in these languages, all five for None, where they have no name; what is written stays.

    CannotGenerate when those that lack a name have none in any language.
    """
    order = partial(orders.names, universe, asset_ids, languages)
    return _start(kinds.NAMES.job_types[0], universe, order, kinds.NAMES.unit, author, once)


def start_lyrics(
    universe: Universe,
    language: str | Sequence[str],
    source: str = "fr",
    *,
    replace: bool = False,
    author: str = "",
    once: str = "",
) -> Job:
    """Translate the lyrics of the source language into another one, or a list of them, where these have none.

    With `replace` also where they have some; the old ones stay in a revision. What somebody writes while it is
    translated stays as well. CannotGenerate when the source has no lyrics.
    """
    languages = [language] if isinstance(language, str) else list(language)
    order = partial(orders.lyrics, universe, languages, source, replace)
    return _start(TRANSLATE_LYRICS, universe, order, kinds.LYRICS.unit, author, once)


def start_song_words(
    universe: Universe, language: str, theme: str, *, author: str = "", once: str = ""
) -> Job:
    """Write lyrics and style of a song about a theme and the universe's cards, where the language has none."""
    order = partial(orders.song_words, universe, language, theme)
    return _start(WRITE_LYRICS, universe, order, kinds.LYRICS.unit, author, once)


def start_ideas(
    univers_slug: str,
    theme: str,
    count: int = 10,
    language: str = "fr",
    *,
    author: str = "",
    once: str = "",
) -> Job:
    """Think up cards that the universe does not have; nothing is stored in it.

    The job's `result["results"]["ideas"]` is `{"concepts": [name, …], "translations": {language: [name, …]}}`.
    """
    universe = universes.find(univers_slug)
    order = partial(orders.ideas, universe, theme, count, language)
    return _start(kinds.IDEAS.job_types[0], universe, order, kinds.IDEAS.unit, author, once)


def start_gaps(
    universe: Universe,
    wanted: Sequence[str] | None = None,
    *,
    theme: str = "",
    author: str = "",
    once: str = "",
) -> Job:
    """Make what is missing of these `kinds.GAPS`, of all for None, in one job.

    `theme`: what lyrics are about, where there are none. What can't be made is left out; the job's message says so.
    """
    order = partial(orders.gaps, universe, wanted, theme)
    return _start(GAPS, universe, order, "steps", author, once)


def concepts(
    theme: str, count: int = 10, language: str = "fr", *, univers_slug: str = ""
) -> tuple[list[str], dict[str, list[str]]]:
    """`(names, {language: names})`: so many things that belong to a theme. Nothing is stored.

    Raises Unusable when the model can't be brought to name them all.
    """
    task = Concepts(theme, count, language)
    llm.fulfil([task], univers_slug)
    return task.answer()


def translate_lyrics(lyrics: str, language: str, univers_slug: str = "") -> str:
    """French lyrics in another language, line by line."""
    return _translated(lyrics, "fr", language, univers_slug)


def translate_text(text: str, source: str, target: str) -> str:
    """A text in another language with its line breaks; Unusable when the model loses lines."""
    return _translated(text, source, target)


def _translated(text: str, source: str, target: str, univers_slug: str = "") -> str:
    translation = Translation(text, source, target)
    llm.fulfil(translation.tasks, univers_slug)
    return translation.text()


def _start(
    type: JobType, universe: Universe, make_order: Callable[[], Order], unit: str, author: str, once: str
) -> Job:
    # Before all else: what was to be made may be there by now, or gone.
    if earlier := jobs.started(once, type.key, universe.slug):
        return earlier
    try:
        order = make_order()
        _make_ready(order.steps)
        return jobs.start(
            type.key,
            universe.slug,
            order.steps,
            unit=order.unit or unit,
            author=author,
            once=once,
            left_out=order.left_out,
            estimate=_estimate,
        )
    except Busy as busy:
        return jobs.answer(once, type.key, universe.slug, busy.job)


def _make_ready(steps: Sequence[Step]) -> None:
    if steps:
        spending.check_prices(estimates.used_by(steps))
        provider.ready()
        spending.settle_abandoned()


def _estimate(steps: Sequence[Step]) -> Decimal | None:
    """The cost of steps; LimitReached when not one of them can be bought."""
    total = estimates.estimate(steps)
    spending.check_start(estimates.cheapest(steps), total)
    return total
