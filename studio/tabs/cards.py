"""The tab Cards: each card with its picture, clip, names and prompts, saved by itself; their order."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render as render_part
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from api.roles import GENERATE, WRITE
from generation import estimates, kinds
from generation import services as generation
from storage import bucket
from universes import media
from universes.models import Asset, Language
from universes.names import NAME_LENGTH, clip_of
from universes.services import assets

from ..forms import NameField, TextField
from ..html import with_names
from ..model_admins import author
from ..operations import REFUSALS
from . import autosave, dialogs, live, pages

PER_PAGE = live.PER_PAGE
KINDS = (kinds.PICTURES.key, kinds.CLIPS.key)
CHANGED = gettext_lazy(
    "It has changed since you looked: there is a new file now. Confirm once more to have another one made."
)


class CardForm(forms.Form):
    """What one can type on a card."""

    display_name = NameField(
        max_length=NAME_LENGTH, error_messages={"required": gettext_lazy("A card needs a name.")}
    )
    custom_image_prompt = TextField(max_length=10_000)
    custom_video_prompt = TextField(max_length=10_000)


for _language in Language.values:
    CardForm.base_fields[f"name_{_language}"] = NameField(required=False, max_length=NAME_LENGTH)


@dataclass
class Card:
    """A card as its template shows it. `work` and `failed`: by kind, `pictures` or `clips`.

    `work` also has `names_de` and the like, `failed` has `names`.
    """

    asset: Asset
    image_url: str | None
    video_url: str | None
    signature: str
    names: list
    work: dict = field(default_factory=dict)
    failed: dict = field(default_factory=dict)

    @property
    def key(self):
        return f"{live.CARD}:{self.asset.pk}"

    @property
    def being_named(self):
        """The languages in which a job is naming it."""
        return {code for code in Language.values if f"{kinds.NAMES.key}_{code}" in self.work}

    @property
    def image_prompt(self):
        return kinds.PICTURES.prompt(self.asset)

    @property
    def video_prompt(self):
        return kinds.CLIPS.prompt(self.asset)


def loaded(universe):
    """Cards with all that their template shows, in few statements."""
    return (
        Asset.objects.filter(universe=universe)
        .select_related("universe__prompts", "prompts")
        .prefetch_related("translations")
    )


def shown(universe, found):
    """These Assets as Cards."""
    stats, work, failed = (
        bucket.bucket().files(universe.slug),
        live.work_of(universe),
        live.failures_of(universe),
    )
    signatures = live.signatures(universe, [f"{live.CARD}:{asset.pk}" for asset in found], work)
    return [_card(universe, asset, stats, signatures, work, failed) for asset in found]


def _card(universe, asset, stats, signatures, work, failed):
    key = f"{live.CARD}:{asset.pk}"
    stored = {translation.language: translation.display_name for translation in asset.translations.all()}
    return Card(
        asset=asset,
        image_url=address(universe, asset.image_name, stats),
        video_url=address(universe, clip_of(asset.image_name, stats), stats),
        signature=signatures[key],
        names=[(language, language.label, stored.get(language.value) or "") for language in Language],
        work=work.get(key, {}),
        failed=_still_failed(failed.get(key, {}), stored),
    )


def address(universe, name, stats):
    """A file's address with its time, so that no browser shows one that was replaced; None where there is none."""
    found = media.url(universe.slug, name, stats)
    return found and f"{found}?v={stats[name].st_mtime_ns}"


def address_of(asset: Asset) -> str:
    """Where a card is changed: its place on the page of cards that has it."""
    place = list(asset.universe.assets.values_list("pk", flat=True)).index(asset.pk)
    page = reverse("admin:studio_cards", args=[asset.universe_id])
    return f"{page}?page={place // PER_PAGE + 1}#card-{asset.pk}"


def stamp(universe, name):
    """A text that is another one as soon as the file is; empty where there is none."""
    found = bucket.bucket().files(universe.slug).get(name)
    return str(found.st_mtime_ns) if found else ""


def _still_failed(failed, names):
    """What failed by kind, `names` for all of them: those that somebody wrote meanwhile are no longer missing."""
    found = {kind: failed[kind] for kind in KINDS if kind in failed}
    for language in Language.values:
        kind = f"{kinds.NAMES.key}_{language}"
        if kind in failed and not names.get(language):
            found[kinds.NAMES.key] = failed[kind]
    return found


# --- Pages and parts


@require_GET
@pages.studio_view()
def page(request, universe):
    """A page of cards."""
    return render_page(request, universe, request.GET.get("page"))


def render_page(request, universe, number):
    numbered = Paginator(loaded(universe), PER_PAGE).get_page(number)
    context = {"cards": shown(universe, list(numbered)), "page": numbered}
    return pages.render(request, universe, "cards", "admin/studio/cards.html", context)


@require_GET
@pages.studio_view()
def part(request, universe, asset_id):
    """One card alone."""
    return render_card(request, universe, asset_id)


def find(universe, asset_id):
    asset = loaded(universe).filter(pk=asset_id).first()
    if not asset:
        raise Http404(_("This card was deleted meanwhile."))
    return asset


def render_card(request, universe, asset_id):
    (card,) = shown(universe, [find(universe, asset_id)])
    context = {"card": card, "universe": universe, "may": pages.rights(request.user)}
    return render_part(request, "admin/studio/card.html", context)


# --- Changes


@require_POST
@pages.studio_view(WRITE)
def save(request, universe, asset_id):
    """Save the fields that were touched; the answer also has what the models are asked by now, as `resolved`."""
    part = autosave.Part(request, universe, f"{live.CARD}:{asset_id}")
    told, status = autosave.save(request, find(universe, asset_id), CardForm, author(request))
    if status == 200:
        asset = find(universe, asset_id)
        told["resolved"] = {"image": kinds.PICTURES.prompt(asset), "video": kinds.CLIPS.prompt(asset)}
    return part.answer(told, status)


@require_POST
@pages.studio_view(WRITE)
def add(request, universe):
    """Make a card; the page then has it as its last one."""
    bound = CardForm({"display_name": request.POST.get("display_name", "")})
    if not bound.is_valid():
        return HttpResponse(bound.errors["display_name"][0], status=422)
    asset = assets.create(universe, display_name=bound.cleaned_data["display_name"], author=author(request))
    return render_card(request, universe, asset.pk)


@require_POST
@pages.studio_view(WRITE)
def arrange(request, universe):
    """Put the cards of a page in the order of the given ids."""
    ids = []
    for text in request.POST.getlist("id"):
        with suppress(ValueError):
            ids.append(uuid.UUID(text))
    assets.rearrange(universe, ids)
    return HttpResponse(status=204)


@require_http_methods(["GET", "POST"])
@pages.studio_view(WRITE)
def delete(request, universe, asset_id):
    """A GET tells what goes with it; a POST takes the card away."""
    asset = find(universe, asset_id)
    if request.method == "POST":
        assets.delete(asset, author(request))
        return dialogs.removed(f"card-{asset_id}")
    (card,) = shown(universe, [asset])
    gone = [
        _("its names"),
        *(
            label
            for url, label in ((card.image_url, _("its picture")), (card.video_url, _("its clip")))
            if url
        ),
    ]
    return dialogs.show(
        request,
        title=with_names(_("Delete “%(card)s”?"), card=asset),
        text=_("With it go %(gone)s. The archive keeps them: a revision can be restored.")
        % {"gone": ", ".join(gone)},
        submit=_("Delete"),
        danger=True,
    )


# --- What costs money


@dataclass(frozen=True)
class Making:
    """How a kind of file is made. `steps(universe, cards, regenerate=)`: those that would be taken.

    `file(slug, image_name)`: what the file is called.
    """

    title: str
    file: Callable
    start: Callable
    steps: Callable
    prompt: Callable


DRAWING = Making(
    gettext_lazy("Draw “%(card)s”"),
    lambda _slug, image_name: image_name,
    generation.start_images,
    kinds.PICTURES.steps,
    kinds.PICTURES.prompt,
)
ANIMATING = Making(
    gettext_lazy("Animate “%(card)s”"),
    media.clip_name,
    generation.start_videos,
    kinds.CLIPS.steps,
    kinds.CLIPS.prompt,
)


@require_http_methods(["GET", "POST"])
@pages.studio_view(GENERATE)
def draw(request, universe, asset_id):
    """A GET tells what the card's picture costs; a POST has it drawn, in place of one that there is."""
    return _make(request, universe, find(universe, asset_id), DRAWING)


@require_http_methods(["GET", "POST"])
@pages.studio_view(GENERATE)
def animate(request, universe, asset_id):
    """The same for the card's clip."""
    return _make(request, universe, find(universe, asset_id), ANIMATING)


def _make(request, universe, asset, making):
    if request.method == "GET":
        return _ask(request, universe, asset, making)
    if dialogs.has_changed(request, stamp(universe, making.file(universe.slug, asset.image_name))):
        return _ask(request, universe, asset, making, CHANGED)
    try:
        making.start(
            universe, [asset.pk], regenerate=True, author=author(request), once=dialogs.once(request)
        )
    except REFUSALS as error:
        return _ask(request, universe, asset, making, str(error))
    return dialogs.started(dialogs.instead(f"card-{asset.pk}", render_card(request, universe, asset.pk)))


def _ask(request, universe, asset, making, error=""):
    cost = estimates.estimate(making.steps(universe, [asset], regenerate=True))
    return dialogs.show(
        request,
        title=with_names(making.title, card=asset),
        text=dialogs.costs(cost),
        note=making.prompt(asset),
        submit=_("Generate"),
        error=error,
        seen=stamp(universe, making.file(universe.slug, asset.image_name)),
    )
