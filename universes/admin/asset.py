"""Cards on their own page, and all of them in one list."""

from django.contrib import admin
from django.db.models import Count
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from magikswipe.html import clip, count, mark, picture
from magikswipe.searching import NameSearch

from .. import media, queries
from ..models import LANGUAGES, Asset
from ..name_keys import by_name
from ..services import assets
from .forms import AssetForm, name_field
from .progress import files
from .readonly import shows_stored
from .through_services import DeletesThroughService, SaysWhatServicesRefuse, adopt, author


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


BY_UNIVERSE = by_name("name", "universe__")
NAMES = tuple(name_field(language) for language in LANGUAGES)


class UniverseFilter(RelatedDropdownFilter):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.title = _("universe")

    def field_choices(self, field, request, model_admin):
        return field.get_choices(include_blank=False, ordering=(by_name("name"),))


@admin.register(Asset)
class AssetAdmin(
    NameSearch, SaysWhatServicesRefuse, DeletesThroughService, shows_stored(AssetForm), ModelAdmin
):
    service = assets
    form = AssetForm
    list_display = ("thumbnail", "called", "universe_name", "sort_order", "names", "clip_there")
    list_display_links = ("thumbnail", "called")
    list_filter = (("universe", UniverseFilter),)
    list_per_page = 50
    search_fields = ("display_name", "translations__display_name", "image_name")
    ordering = (BY_UNIVERSE, "sort_order", "image_name")
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

    def named(self, text):
        return queries.cards_named(text)

    @display(description=_("name"), ordering=by_name("display_name"))
    def called(self, asset):
        return asset.display_name

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

    @display(description=_("universe"), ordering=BY_UNIVERSE)
    def universe_name(self, asset):
        return asset.universe

    @display(description=_("universe"))
    def universe_link(self, asset):
        link = reverse("admin:universes_universe_change", args=[asset.universe.pk])
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', link, asset.universe
        )
