"""A card's own pictures and clips: brought along by somebody, or chosen among those that it had before."""

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from api.roles import WRITE
from storage import bucket
from storage.errors import Busy
from universes.errors import Changing, Invalid, NotFound, TooLarge
from universes.services import uploads, variants

from ..html import with_names
from ..model_admins import author
from ..restore import cause, served
from . import cards, dialogs, pages

REFUSED = (Changing, Invalid, NotFound, TooLarge)
TAKERS = {"picture": uploads.picture, "clip": uploads.clip}


@require_http_methods(["GET", "POST"])
@pages.studio_view(WRITE)
def upload(request, universe, asset_id):
    """A GET asks for a file; a POST makes it the card's picture or clip, whichever it is."""
    asset = cards.find(universe, asset_id)
    if request.method == "GET":
        return _ask_for_file(request, asset)
    taker, file = TAKERS.get(request.POST.get("kind")), request.FILES.get("file")
    if not (taker and file):
        return _ask_for_file(request, asset, _("Choose a file first."))
    try:
        taker(universe, asset, file, author(request))
    except REFUSED as error:
        return _ask_for_file(request, asset, str(error))
    except Busy as error:
        return dialogs.later(_ask_for_file(request, asset, str(error)), error)
    return _card(request, universe, asset)


def _ask_for_file(request, asset, error=""):
    return dialogs.show(
        request,
        title=with_names(_("A file of your own for “%(card)s”"), card=asset),
        text=_("It takes the place of the present one, which stays among the variants."),
        submit=_("Upload"),
        error=error,
        template="admin/studio/upload.html",
        kind=request.POST.get("kind", "picture"),
        accept="image/*,video/*",
    )


def _card(request, universe, asset):
    return dialogs.instead(f"card-{asset.pk}", cards.render_card(request, universe, asset.pk))


@require_GET
@pages.studio_view()
def strip(request, universe, asset_id):
    """The present and earlier pictures and clips of a card, side by side."""
    return _strip(request, universe, cards.find(universe, asset_id))


def _strip(request, universe, asset, error=""):
    stats = bucket.bucket().files(universe.slug)
    found = [
        (variant, _address(universe, asset, variant, stats), _choosing(universe, asset, variant))
        for variant in variants.of_card(asset)
    ]
    title = with_names(_("Variants of “%(name)s”"), name=asset)
    return show_strip(
        request, found, error, title=title, nothing=_("There is neither a picture nor a clip yet.")
    )


def show_strip(request, found, error, **context):
    """The dialog of `[(variant, its address, where it is chosen)]`; `error`: why the last choice was refused."""
    shown = [(variant, address, cause(variant), choose) for variant, address, choose in found]
    context |= {"variants": shown, "error": error, "may": pages.rights(request.user)}
    return render(request, "admin/studio/variants.html", context, status=409 if error else 200)


def _address(universe, asset, variant, stats):
    if variant.present:
        return cards.address(universe, variant.name, stats)
    return reverse("admin:studio_variant", args=[universe.pk, asset.pk, variant.sha256])


def _choosing(universe, asset, variant):
    return reverse("admin:studio_choose", args=[universe.pk, asset.pk, variant.sha256])


@require_POST
@pages.studio_view(WRITE)
def choose(request, universe, asset_id, sha256):
    """Make an earlier picture or clip the present one; the one it replaces can be chosen again."""
    asset = cards.find(universe, asset_id)
    try:
        variants.choose(asset, sha256, author(request))
    except REFUSED as error:
        return _strip(request, universe, asset, str(error))
    return _card(request, universe, asset)


@require_GET
@pages.studio_view()
def show(request, universe, asset_id, sha256):
    """The bytes of one variant."""
    asset = cards.find(universe, asset_id)
    try:
        variant = variants.find(variants.of_card(asset), sha256)
    except NotFound as error:
        raise Http404(str(error)) from None
    return served(request, variant.sha256, variant.name)
