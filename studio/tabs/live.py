"""What a page asks for every few seconds: the jobs at work, and which of its parts are no longer as shown."""

import hashlib
import json
from collections import defaultdict

from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_GET

from generation import kinds
from jobs.models import ACTIVE, ENDED, Job, JobStep, State
from storage import bucket
from universes.models import LANGUAGES, Asset, AssetTranslation, MusicPrompt
from universes.names import music_name, video_names

from .pages import facts, studio_view

MOST_KEYS = 500
CARD, SONG, GAPS, CARDS = "card", "song", "gaps", "cards"
PER_PAGE = 60


@require_GET
@studio_view()
def live(request, universe):
    """JSON: `jobs`, the strip's HTML; `facts`, the header's; `working`; `signatures` of the asked parts, null for one
    that is gone.

    A part is `card:<id>`, `song:<language>`, `gaps` for what the universe lacks as a whole, or `cards:<page>` for the
    cards of a page, whose signature is their ids in order; given as `key`.
    304 when nothing is new.
    """
    working = work_of(universe)
    found = signatures(universe, request.GET.getlist("key")[:MOST_KEYS], working)
    strip = render_to_string("admin/studio/jobs.html", {"jobs": jobs_of(universe)}, request)
    bars = render_to_string(
        "admin/studio/facts.html", {"universe": universe, "facts": facts(universe)}, request
    )
    answer = JsonResponse({"jobs": strip, "facts": bars, "working": bool(working), "signatures": found})
    answer["ETag"] = f'"{hashlib.sha256(answer.content).hexdigest()[:32]}"'
    answer["Cache-Control"] = "no-cache"
    return get_conditional_response(request, etag=answer["ETag"], response=answer) or HttpResponse(status=304)


def jobs_of(universe):
    """The jobs at work on it, oldest first."""
    return list(Job.objects.filter(univers_slug=universe.slug, status__in=ACTIVE).order_by("created_at"))


def work_of(universe):
    """`{part: {kind: status}}` of the steps at work, such as `{"card:…": {"pictures": "running"}}`.

    Kinds are those of `generation.kinds`; what is made of a card in one language is `names_de`.
    """
    found = defaultdict(dict)
    steps = _steps(universe).filter(status__in=ACTIVE)
    for step in steps.values_list("kind", "subject", "params", "status"):
        for part, kind in _parts(universe, *step[:3]):
            found[part][kind] = step[3]
    return found


def _steps(universe):
    """What makes something that a universe lacks."""
    return JobStep.objects.filter(job__univers_slug=universe.slug, kind__in=list(kinds.GAPS))


def _parts(universe, kind, subject, params):
    """`[(part, kind)]`: what a step makes; those of words may be at several parts at once."""
    for card, language in kinds.find(kind).made_by(universe, subject, params):
        if card and language:
            yield f"{CARD}:{card}", f"{kind}_{language}"
        else:
            yield f"{CARD}:{card}" if card else f"{SONG}:{language}", kind


def failures_of(universe):
    """`{part: {kind: sentence}}` of what failed when it was last tried; parts and kinds as in `work_of`."""
    steps = _steps(universe).filter(status__in=ENDED).order_by("completed_at")
    last = {}
    for kind, subject, params, *end in steps.values_list("kind", "subject", "params", "status", "error"):
        for made in _parts(universe, kind, subject, params):
            last[made] = end
    found = defaultdict(dict)
    for (part, kind), (status, error) in last.items():
        if status == State.FAILED:
            found[part][kind] = str(error)
    return found


def signatures(universe, keys, working):
    """`{key: signature}`; null for what does not exist (any more)."""
    stats = bucket.bucket().files(universe.slug)
    contents = _cards(universe, keys) | _songs(universe) | _gaps(universe, keys, stats)
    parts = {
        key: _signature(contents[key], stats, working.get(key)) if key in contents else None for key in keys
    }
    return parts | _pages(universe, keys)


def signature(key, universe, working):
    """The signature of one part that is about to be shown."""
    return signatures(universe, [key], working)[key]


def _cards(universe, keys):
    """`{key: (words, names of its files)}` of the asked cards."""
    ids = {key.partition(":")[2] for key in keys if key.startswith(f"{CARD}:")}
    if not ids:
        return {}
    words = defaultdict(list)
    names = AssetTranslation.objects.filter(asset__universe=universe).order_by("language")
    for asset_id, *name in names.values_list("asset_id", "language", "display_name"):
        words[asset_id].append(name)
    fields = (
        "pk",
        "image_name",
        "display_name",
        "prompts__custom_image_prompt",
        "prompts__custom_video_prompt",
    )
    return {
        f"{CARD}:{pk}": ([*texts, words[pk]], [image, *video_names(image)])
        for pk, image, *texts in Asset.objects.filter(universe=universe).values_list(*fields)
        if str(pk) in ids
    }


def _pages(universe, keys):
    """`{key: ids}` of the asked pages of cards: what is there and in which order, which the page can tell by itself."""
    numbers = {key: key.partition(":")[2] for key in keys if key.startswith(f"{CARDS}:")}
    if not numbers:
        return {}
    pages = Paginator(Asset.objects.filter(universe=universe).values_list("pk", flat=True), PER_PAGE)
    return {key: " ".join(map(str, pages.get_page(number))) for key, number in numbers.items()}


def _songs(universe):
    songs = MusicPrompt.objects.filter(universe=universe).values_list("language", "prompt", "lyrics")
    written = {language: words for language, *words in songs}
    return {f"{SONG}:{language}": (written.get(language), [music_name(language)]) for language in LANGUAGES}


def _gaps(universe, keys, stats):
    """What there is, counted: enough to tell that something came or went."""
    if GAPS not in keys:
        return {}
    named = AssetTranslation.objects.filter(asset__universe=universe, display_name__gt="")
    words = [len(universe.assets.all()), named.count(), *_songs(universe).values()]
    return {GAPS: (words, sorted(stats))}


def _signature(content, stats, work):
    words, files = content
    times = [stats[name].st_mtime_ns if name in stats else 0 for name in files]
    text = json.dumps([words, times, work], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
