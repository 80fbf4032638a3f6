"""The tab Names, the gap board: what each card and each language has, and what is missing."""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import prefetch_related_objects
from django.http import Http404
from django.shortcuts import render as render_part
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from api.roles import GENERATE, WRITE
from generation import estimates, kinds
from generation import services as generation
from universes.models import LANGUAGES, Language

from ..html import with_names
from ..model_admins import author
from ..operations import REFUSALS
from . import autosave, cards, dialogs, live, pages, songs

ONLY_GAPS = "gaps"


# --- The page and its parts


@require_GET
@pages.studio_view()
def page(request, universe):
    """A page of cards by their names, pictures and clips; `?only=gaps` leaves out those that lack nothing."""
    missing = kinds.lacking(universe)
    only = request.GET.get("only") == ONLY_GAPS
    found = lacking(universe, missing) if only else list(universe.assets.all())
    numbered = Paginator(found, cards.PER_PAGE).get_page(request.GET.get("page"))
    prefetch_related_objects(rows := list(numbered), "translations")
    context = {
        "rows": cards.shown(universe, rows),
        "page": numbered,
        "only": only,
        "songs": songs.shown(universe),
        "languages": Language,
        **_summary(universe, missing),
    }
    return pages.render(request, universe, "names", "admin/studio/names.html", context)


def lacking(universe, missing):
    """The cards without some name, picture or clip."""
    ids = {card_id for card_id, _language in missing[kinds.NAMES.key]}
    ids.update(missing[kinds.PICTURES.key], missing[kinds.CLIPS.key])
    return [asset for asset in universe.assets.all() if asset.pk in ids]


@require_GET
@pages.studio_view()
def summary(request, universe):
    """What is missing, in numbers."""
    return render_summary(request, universe)


def render_summary(request, universe):
    return _part(request, universe, "names_summary", **_summary(universe, kinds.lacking(universe)))


def _summary(universe, missing):
    return {
        "missing": [kind.counted(len(missing[key])) for key, kind in kinds.GAPS.items() if missing[key]],
        "gaps_signature": live.signature(live.GAPS, universe, {}),
    }


@require_GET
@pages.studio_view()
def row(request, universe, asset_id):
    """One card's row alone."""
    return _row(request, universe, asset_id)


def _row(request, universe, asset_id):
    (card,) = cards.shown(universe, [cards.find(universe, asset_id)])
    return _part(request, universe, "names_row", card=card)


@require_GET
@pages.studio_view()
def language_row(request, universe, language):
    """One language's style, lyrics and song."""
    return render_language(request, universe, language)


def render_language(request, universe, language):
    return _part(request, universe, "names_song", song=songs.one(universe, language))


def _part(request, universe, template, **context):
    context |= {"universe": universe, "may": pages.rights(request.user)}
    return render_part(request, f"admin/studio/{template}.html", context)


@require_POST
@pages.studio_view(WRITE)
def save(request, universe, asset_id, language):
    """Save the name of a card in a language."""
    songs.known(language)
    part = autosave.Part(request, universe, f"{live.CARD}:{asset_id}")
    return part.answer(
        *autosave.save(request, cards.find(universe, asset_id), cards.CardForm, author(request))
    )


# --- Filling one gap


@dataclass(frozen=True)
class Filling:
    """How one gap of a card is filled. `start(universe, asset, **wishes)`; `steps(universe, asset)`: what it takes."""

    title: str
    text: str
    start: Callable
    steps: Callable


def _draw(universe, asset, **wishes):
    return generation.start_images(universe, [asset.pk], **wishes)


def _animate(universe, asset, **wishes):
    return generation.start_videos(universe, [asset.pk], **wishes)


def _naming(language):
    return Filling(
        gettext_lazy("The name of “%(card)s” in %(language)s"),
        gettext_lazy("The model translates it from the name that the card has."),
        lambda universe, asset, **wishes: generation.start_names(universe, [asset.pk], [language], **wishes),
        lambda universe, asset: kinds.NAMES.steps(universe, {asset.image_name: [language]}),
    )


FILLINGS = {
    "picture": Filling(
        gettext_lazy("Draw “%(card)s”"),
        gettext_lazy("The model draws the missing picture."),
        _draw,
        lambda universe, asset: kinds.PICTURES.steps(universe, [asset], regenerate=False),
    ),
    "clip": Filling(
        gettext_lazy("Animate “%(card)s”"),
        gettext_lazy("The model makes the missing clip from the picture."),
        _animate,
        lambda universe, asset: kinds.CLIPS.steps(universe, [asset], regenerate=False),
    ),
    **{language: _naming(language) for language in LANGUAGES},
}


@require_http_methods(["GET", "POST"])
@pages.studio_view(GENERATE)
def fill(request, universe, asset_id, what):
    """A GET tells what filling one gap of a card costs; a POST begins it. `what`: picture, clip or a language."""
    asset = cards.find(universe, asset_id)
    if what not in FILLINGS:
        raise Http404(f"{what} is nothing that a card has.")
    if request.method == "GET":
        return _ask(request, universe, asset, what)
    try:
        FILLINGS[what].start(universe, asset, author=author(request), once=dialogs.once(request))
    except REFUSALS as error:
        return _ask(request, universe, asset, what, str(error))
    return dialogs.started(dialogs.instead(f"row-{asset.pk}", _row(request, universe, asset.pk)))


def _ask(request, universe, asset, what, error=""):
    filling = FILLINGS[what]
    language = Language(what).label if what in LANGUAGES else ""
    return dialogs.show(
        request,
        title=with_names(filling.title, card=asset, language=language),
        text=f"{filling.text} {dialogs.costs(estimates.estimate(filling.steps(universe, asset)))}",
        submit=_("Fill"),
        error=error,
    )
