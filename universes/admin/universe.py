"""Universes: the list with how complete each is, and each with its cards and songs."""

from django.contrib import admin
from django.db.models import Prefetch
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from magikswipe.html import count, picture

from ..models import LANGUAGES, Asset, MusicPrompt, Universe
from ..services import universes
from .asset import CardInline, save_cards
from .copies import CopiesMixin
from .forms import UniverseForm, name_field
from .progress import progress
from .readonly import shows_stored
from .song import SongInline, save_songs
from .studio import urls as studio
from .through_services import DeletesThroughService, SaysWhatServicesRefuse, adopt, author, cards
from .thumbnails import thumbnail_url

SAVERS = {Asset: save_cards, MusicPrompt: save_songs}


class PicturesFilter(admin.SimpleListFilter):
    """By what the media folders hold, which no database knows: each folder is listed."""

    title = _("pictures")
    parameter_name = "pictures"

    def lookups(self, request, model_admin):
        return [("none", _("without pictures")), ("some", _("some missing")), ("all", _("complete"))]

    def queryset(self, request, queryset):
        if self.value() not in ("none", "some", "all"):
            return queryset
        wanted = [universe.pk for universe in with_cards() if _pictures(progress(universe)) == self.value()]
        return queryset.filter(pk__in=wanted)


def _pictures(done):
    if not done.pictures:
        return "none"
    return "all" if done.pictures == done.cards else "some"


def with_cards():
    """Universes with what their progress is told from, in two statements."""
    names = Asset.objects.only("universe_id", "image_name")
    return universes.listing().prefetch_related(Prefetch("assets", names))


@admin.register(Universe)
class UniverseAdmin(
    CopiesMixin, SaysWhatServicesRefuse, DeletesThroughService, shows_stored(UniverseForm), ModelAdmin
):
    service = universes
    form = UniverseForm
    list_display = (
        "thumbnail", "name", "asset_count", "pictures", "clips", "songs", "is_public", "last_synced_at",
    )  # fmt: skip
    list_display_links = ("thumbnail", "name")
    list_filter = ("is_public", PicturesFilter)
    list_per_page = 50
    search_fields = ("name", "slug", "translations__name")
    readonly_fields = ("preview", "done", "last_synced_at")
    warn_unsaved_form = True
    compressed_fields = False
    inlines = (CardInline, SongInline)
    in_languages = (
        _("Names in five languages"),
        {"fields": tuple(name_field(language) for language in LANGUAGES), "classes": ["tab"]},
    )
    prompts = (_("Default prompts"), {"fields": universes.PROMPTS, "classes": ["tab"]})
    add_fieldsets = (
        (None, {"fields": ("name", "slug", ("is_public", "background_color"))}),
        in_languages,
        prompts,
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("preview", "done"),
                    ("name", "slug"),
                    ("is_public", "background_color", "last_synced_at"),
                )
            },
        ),
        in_languages,
        prompts,
        (_("More"), {"fields": ("thumbnail_url", "background_music"), "classes": ["tab"]}),
    )

    def get_queryset(self, request):
        if request.resolver_match.url_name.endswith("_changelist"):
            return with_cards()
        return Universe.objects.select_related("prompts").prefetch_related("assets")

    def get_urls(self):
        return [*studio.urlpatterns, *super().get_urls()]

    def get_readonly_fields(self, request, obj=None):
        return (*self.readonly_fields, "slug") if obj else self.readonly_fields

    def get_inlines(self, request, obj):
        return self.inlines if obj else ()

    def save_model(self, request, obj, form, change):
        if change:
            universes.update(obj, **form.changes(), author=author(request))
        else:
            adopt(obj, universes.create(**{"name": obj.name, **form.changes(), "slug": obj.slug}))

    def save_formset(self, request, form, formset, change):
        SAVERS[formset.model](form.instance, formset, request)

    def response_add(self, request, obj, post_url_continue=None):
        """A new universe opens, so that cards can follow."""
        if "_addanother" not in request.POST:
            request.POST = {**request.POST.dict(), "_continue": "1"}
        return super().response_add(request, obj, post_url_continue)

    def describe_deletion(self, universe):
        return f"{universe}: {cards(universe.assets.count())}"

    @display(description=_("picture"))
    def thumbnail(self, universe):
        return picture(thumbnail_url(universe), universe.name)

    @display(description=_("picture"))
    def preview(self, universe):
        return picture(thumbnail_url(universe), universe.name, "medium")

    @display(description=_("cards"), ordering="asset_count")
    def asset_count(self, universe):
        return universe.asset_count

    @display(description=_("pictures"))
    def pictures(self, universe):
        done = progress(universe)
        return count(done.pictures, done.cards)

    @display(description=_("clips"))
    def clips(self, universe):
        done = progress(universe)
        return count(done.clips, done.cards)

    @display(description=_("songs"))
    def songs(self, universe):
        return count(progress(universe).songs, len(LANGUAGES))

    @display(description=_("there are"))
    def done(self, universe):
        done = progress(universe)
        rows = [
            (_("pictures"), count(done.pictures, done.cards)),
            (_("clips"), count(done.clips, done.cards)),
            (_("songs"), count(done.songs, len(LANGUAGES))),
        ]
        return format_html_join("", '<span class="ms-fact"><span>{}</span>{}</span>', rows)
