"""All cards in one list; each is changed in the studio of its universe."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from api.roles import WRITE, require
from universes import media, queries
from universes.models import LANGUAGES, Asset
from universes.name_keys import by_name
from universes.services import assets

from .html import count, isolated, mark, picture
from .model_admins import DeletesThroughService
from .progress import files
from .search import NameSearch
from .tabs import cards

BY_UNIVERSE = by_name("name", "universe__")


class UniverseFilter(RelatedDropdownFilter):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.title = _("universe")

    def field_choices(self, field, request, model_admin):
        return field.get_choices(include_blank=False, ordering=(by_name("name"),))


@admin.register(Asset)
class AssetAdmin(NameSearch, DeletesThroughService, ModelAdmin):
    """The list of all cards; a card is made and changed in the studio alone, which saves what was touched."""

    service = assets
    list_display = ("thumbnail", "called", "universe_name", "sort_order", "names", "clip_there")
    list_display_links = ("thumbnail", "called")
    list_filter = (("universe", UniverseFilter),)
    list_per_page = 50
    search_fields = ("display_name", "translations__display_name", "image_name")
    ordering = (BY_UNIVERSE, "sort_order", "image_name")

    def get_queryset(self, request):
        # Prefetched, cards of one universe share its instance, and so its folder's listing.
        named = Asset.objects.annotate(name_count=Count("translations"))
        return named.prefetch_related("universe")

    def has_add_permission(self, request):
        return False

    def add_view(self, request, form_url="", extra_context=None):
        """A card is made in its universe, which is chosen first."""
        require(request.user, WRITE)
        return redirect("admin:universes_universe_changelist")

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Lead to the card in the studio. A form that was opened before this page went saves nothing."""
        asset = self.get_object(request, object_id)
        if not self.has_view_permission(request, asset):
            raise PermissionDenied
        if not asset:
            raise Http404(f"Card {object_id} not found.")
        if request.method == "POST":
            messages.warning(request, _("Nothing was saved: cards are changed here now. Type it once more."))
        return redirect(cards.address_of(asset))

    def named(self, text):
        return queries.cards_named(text)

    @display(description=_("name"), ordering=by_name("display_name"))
    def called(self, asset):
        return isolated(asset)

    def describe_deletion(self, asset):
        return f"{asset} ({asset.universe})"

    @display(description=_("picture"))
    def thumbnail(self, asset):
        url = media.image_url(asset.universe.slug, asset, files(asset.universe))
        return picture(url, asset.display_name or asset.image_name, "small")

    @display(description=_("clip"))
    def clip_there(self, asset):
        return mark(bool(media.video_url(asset.universe.slug, asset, files(asset.universe))))

    @display(description=_("names"), ordering="name_count")
    def names(self, asset):
        return count(asset.name_count, len(LANGUAGES))

    @display(description=_("universe"), ordering=BY_UNIVERSE)
    def universe_name(self, asset):
        return isolated(asset.universe)
