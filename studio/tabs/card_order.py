"""A card's way to any place, on whichever page of cards that is."""

from django import forms
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from api.roles import WRITE
from universes.errors import NotFound
from universes.services import assets

from ..html import with_names
from . import cards, dialogs, pages


class PlaceForm(forms.Form):
    place = forms.IntegerField(min_value=1, max_value=10**6)


@require_http_methods(["GET", "POST"])
@pages.studio_view(WRITE)
def move(request, universe, asset_id):
    """A GET asks for a place; a POST puts the card there, and the page that has it takes the place of this one."""
    asset = cards.find(universe, asset_id)
    if request.method == "GET":
        return _ask(request, universe, asset)
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return _ask(request, universe, asset, _("Give the number of a place, 1 for the first."))
    try:
        place = assets.move(universe, asset.pk, form.cleaned_data["place"])
    except NotFound as error:
        return _ask(request, universe, asset, str(error))
    return _page_of(request, universe, asset, place)


def _ask(request, universe, asset, error=""):
    ids = list(universe.assets.values_list("pk", flat=True))
    place = ids.index(asset.pk) + 1
    return dialogs.show(
        request,
        title=with_names(_("Move “%(card)s”"), card=asset),
        text=_("It is at place %(place)s of %(count)s.") % {"place": place, "count": len(ids)},
        submit=_("Move"),
        error=error,
        template="admin/studio/move.html",
        place=place,
        count=len(ids),
    )


def _page_of(request, universe, asset, place):
    """The page of cards that has a place, shown at the card."""
    number = (place - 1) // cards.PER_PAGE + 1
    response = dialogs.instead("st-list", cards.render_page(request, universe, number))
    response["HX-Reselect"] = "#st-list"
    response["HX-Reswap"] = f"outerHTML show:#card-{asset.pk}:top"
    response["HX-Push-Url"] = f"{pages.TABS[0].address(universe)}?page={number}"
    return response
