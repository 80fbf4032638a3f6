"""Cards: on their own page, and as rows within their universe."""

from django.contrib import admin
from django.db.models import Count
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from magikswipe.html import clip, count, mark, picture

from .. import media
from ..models import LANGUAGES, Asset
from ..services import assets, order
from .forms import AssetForm, CardRowForm, name_field
from .progress import files
from .readonly import shows_stored
from .through_services import (
    DeletesThroughService,
    SaysWhatServicesRefuse,
    adopt,
    author,
    delete_after_commit,
)


def image_of(asset, size):
    url = media.image_url(asset.universe.slug, asset, files(asset.universe))
    return picture(url, asset.display_name or asset.image_name, size)


def clip_of(asset):
    return clip(media.video_url(asset.universe.slug, asset, files(asset.universe)))


def has_clip(asset):
    return bool(media.video_url(asset.universe.slug, asset, files(asset.universe)))


def with_names():
    """Cards with the number of languages they have a name in."""
    return Asset.objects.annotate(name_count=Count("translations"))


NAMES = tuple(name_field(language) for language in LANGUAGES)


class CardInline(TabularInline):
    model = Asset
    form = CardRowForm
    tab = True
    extra = 0
    show_count = True
    hide_title = True
    # More rows than a form may have fields would not be saved at all; further ones come on pages.
    per_page = 100
    ordering_field = "sort_order"
    hide_ordering_field = True
    # Dragging needs the order's field in the row; behind the others it is hidden without a gap.
    fields = ("card", "display_name", "names", "clip", "sort_order")
    readonly_fields = ("card", "names", "clip")

    def get_queryset(self, request):
        # Prefetched, all cards share one instance of their universe, and so its folder's listing.
        cards = super().get_queryset(request).prefetch_related("universe")
        return cards.annotate(name_count=Count("translations")).order_by(*Asset._meta.ordering)

    def get_count(self, request, obj):
        return obj.assets.count() if obj else 0

    @display(description=_("picture"))
    def card(self, asset):
        if asset._state.adding:
            return ""
        link = reverse("admin:universes_asset_change", args=[asset.pk])
        return format_html(
            '<a href="{}" title="{}">{}</a>', link, _("Open this card"), image_of(asset, "small")
        )

    @display(description=_("names"))
    def names(self, asset):
        return "" if asset._state.adding else count(asset.name_count, len(LANGUAGES))

    @display(description=_("clip"))
    def clip(self, asset):
        return "" if asset._state.adding else mark(has_clip(asset))


def save_cards(universe, formset, request):
    """Save the rows of the inline: changed, made, put in order, deleted."""
    formset.save(commit=False)
    for asset in formset.deleted_objects:
        delete_after_commit(assets.delete, asset, request)
    for asset, changed in formset.changed_objects:
        if "display_name" in changed:
            assets.update(asset, display_name=asset.display_name, author=author(request))
    if any("sort_order" in changed for _asset, changed in formset.changed_objects):
        order.reorder(universe, dragged_order(universe, formset))
    for asset in formset.new_objects:
        made = assets.create(
            universe,
            display_name=asset.display_name,
            sort_order=asset.sort_order,
            author=author(request),
        )
        adopt(asset, made)


def dragged_order(universe, formset):
    """The ids of all cards in their new order: those on this page change places among themselves."""
    wanted = {form.instance.pk: form.cleaned_data["sort_order"] for form in formset.initial_forms}
    ids = list(universe.assets.values_list("pk", flat=True))
    places = [place for place, pk in enumerate(ids) if pk in wanted]
    # A row without an order comes last; sorting keeps those that tie as they were.
    moved = sorted((ids[place] for place in places), key=lambda pk: (wanted[pk] is None, wanted[pk] or 0))
    for place, pk in zip(places, moved, strict=True):
        ids[place] = pk
    return ids


class UniverseFilter(RelatedDropdownFilter):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.title = _("universe")


@admin.register(Asset)
class AssetAdmin(SaysWhatServicesRefuse, DeletesThroughService, shows_stored(AssetForm), ModelAdmin):
    service = assets
    form = AssetForm
    list_display = ("thumbnail", "display_name", "universe_name", "sort_order", "names", "clip_there")
    list_display_links = ("thumbnail", "display_name")
    list_filter = (("universe", UniverseFilter),)
    list_per_page = 50
    search_fields = ("display_name", "translations__display_name", "image_name")
    ordering = ("universe__name", "sort_order", "image_name")
    warn_unsaved_form = True
    compressed_fields = False
    readonly_fields = ("image", "clip", "image_name", "universe_link")

    prompts = (_("Own prompts"), {"fields": assets.PROMPTS, "classes": ["tab"]})
    in_languages = (_("Names in five languages"), {"fields": NAMES, "classes": ["tab"]})
    add_fieldsets = ((None, {"fields": ("universe", "display_name")}), in_languages, prompts)
    fieldsets = (
        (
            None,
            {"fields": (("image", "clip"), ("display_name", "sort_order"), ("universe_link", "image_name"))},
        ),
        in_languages,
        prompts,
    )

    def get_queryset(self, request):
        # Prefetched, cards of one universe share its instance, and so its folder's listing.
        return with_names().prefetch_related("universe").select_related("prompts")

    def save_model(self, request, obj, form, change):
        if change:
            assets.update(obj, **form.changes(), author=author(request))
        else:
            values = {"display_name": obj.display_name, **form.changes(), "author": author(request)}
            adopt(obj, assets.create(values.pop("universe", obj.universe), **values))

    def describe_deletion(self, asset):
        return f"{asset} ({asset.universe})"

    @display(description=_("picture"))
    def thumbnail(self, asset):
        return image_of(asset, "small")

    @display(description=_("picture"))
    def image(self, asset):
        return image_of(asset, "large")

    @display(description=_("clip"))
    def clip(self, asset):
        return clip_of(asset)

    @display(description=_("clip"))
    def clip_there(self, asset):
        return mark(has_clip(asset))

    @display(description=_("names"), ordering="name_count")
    def names(self, asset):
        return count(asset.name_count, len(LANGUAGES))

    @display(description=_("universe"), ordering="universe__name")
    def universe_name(self, asset):
        return asset.universe

    @display(description=_("universe"))
    def universe_link(self, asset):
        link = reverse("admin:universes_universe_change", args=[asset.universe.pk])
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', link, asset.universe
        )
