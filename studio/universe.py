"""Universes: the list with how complete each is, and the tab Prompts of each, a form of the admin."""

from django.contrib import admin, messages
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.views import ChangeList

from generation import kinds
from universes import queries
from universes.models import LANGUAGES, Asset, Universe
from universes.name_keys import by_name
from universes.services import edits, universes

from . import overview
from .copies import CopiesMixin
from .filters import NamesFilter, PicturesFilter, SongsFilter, SyncFilter
from .forms import UniverseForm, name_field
from .html import count, isolated, mark, picture
from .model_admins import DeletesThroughService, SaysWhatServicesRefuse, adopt, author, cards
from .progress import progress
from .publish import label
from .readonly import shows_stored
from .search import NameSearch
from .tabs import autosave, pages
from .tabs import urls as studio
from .thumbnails import thumbnail_url


class UniverseList(ChangeList):
    def url_for_result(self, result):
        return reverse("admin:studio_cards", args=[result.pk])


@admin.register(Universe)
class UniverseAdmin(
    NameSearch,
    CopiesMixin,
    SaysWhatServicesRefuse,
    DeletesThroughService,
    shows_stored(UniverseForm),
    ModelAdmin,
):
    service = universes
    form = UniverseForm
    list_display = (
        "thumbnail", "called", "asset_count", "names", "pictures", "clips", "songs", "seen_by_all", "standing",
    )  # fmt: skip
    list_display_links = ("thumbnail", "called")
    list_filter = (PicturesFilter, NamesFilter, SongsFilter, SyncFilter, "is_public")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("name", "slug", "translations__name")
    readonly_fields = ("last_synced_at", "example_image", "example_video")
    change_form_outer_before_template = "admin/studio/prompts_before.html"
    change_form_before_template = "admin/studio/prompts_seen.html"
    warn_unsaved_form = True
    compressed_fields = False
    in_languages = (
        _("Names in five languages"),
        {"fields": (tuple(map(name_field, LANGUAGES[:2])), tuple(map(name_field, LANGUAGES[2:])))},
    )
    add_fieldsets = (
        (None, {"fields": ("name", "slug", ("is_public", "background_color"))}),
        in_languages,
        (_("Default prompts"), {"fields": edits.UNIVERSE_PROMPTS}),
    )
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("is_public", "background_color"))}),
        (
            _("Default prompts"),
            {"fields": ("default_image_prompt", "example_image", "default_video_prompt", "example_video")},
        ),
        in_languages,
        (
            _("More"),
            {"fields": ("thumbnail_url", "background_music", "last_synced_at"), "classes": ["collapse"]},
        ),
    )

    # --- The list

    def get_changelist(self, request, **kwargs):
        return UniverseList

    def get_queryset(self, request):
        if request.resolver_match.url_name.endswith("_changelist"):
            return overview.overview().prefetch_related(overview.CARDS)
        return Universe.objects.select_related("prompts").prefetch_related("assets")

    def named(self, text):
        return queries.universes_named(text)

    @display(description=_("picture"))
    def thumbnail(self, universe):
        return picture(thumbnail_url(universe), universe.name)

    @display(description=_("name"), ordering=by_name("name"))
    def called(self, universe):
        return isolated(universe.name)

    @display(description=_("cards"), ordering="asset_count")
    def asset_count(self, universe):
        return universe.asset_count

    @display(description=_("names"), ordering="named")
    def names(self, universe):
        return count(universe.named, universe.asset_count * len(LANGUAGES))

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

    @display(description=_("public"), ordering="is_public")
    def seen_by_all(self, universe):
        return mark(universe.is_public)

    @display(description=_("publishing"), ordering="last_synced_at")
    def standing(self, universe):
        return label(*overview.STATES[overview.state(universe)])

    def describe_deletion(self, universe):
        return f"{universe}: {cards(universe.assets.count())}"

    # --- The tab Prompts

    def get_urls(self):
        return [*studio.urlpatterns, *super().get_urls()]

    def get_readonly_fields(self, request, obj=None):
        return (*self.readonly_fields, "slug") if obj else self.readonly_fields

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj:
            context |= pages.frame(request, obj, "prompts")
            context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
            if self.has_change_permission(request, obj):
                context["seen"] = context["adminform"].form.seen()
        return super().render_change_form(request, context, add, change, form_url, obj)

    @display(description=_("The model is asked"))
    def example_image(self, universe):
        return _example(universe, kinds.PICTURES.prompt)

    @display(description=_("The model is asked"))
    def example_video(self, universe):
        return _example(universe, kinds.CLIPS.prompt)

    def save_model(self, request, obj, form, change):
        if not change:
            adopt(obj, universes.create(**{"name": obj.name, **form.changes(), "slug": obj.slug}))
            return
        for conflict in edits.save(obj, form.typed(), form.seen(), author(request)):
            messages.warning(request, autosave.sentence(conflict))

    def response_add(self, request, obj, post_url_continue=None):
        """A new universe opens, so that cards can follow."""
        super().response_add(request, obj, post_url_continue)
        if "_addanother" in request.POST:
            return HttpResponseRedirect(request.path)
        return HttpResponseRedirect(reverse("admin:studio_cards", args=[obj.pk]))

    def response_post_save_change(self, request, obj):
        return HttpResponseRedirect(reverse("admin:universes_universe_change", args=[obj.pk]))


def _example(universe, prompt):
    """What the default prompt becomes for the first card, or for a made-up one."""
    first = next(iter(universe.assets.all()), None)
    card = Asset(universe=universe, display_name=(first and first.display_name) or "fox")
    return format_html('<p class="st-resolved">{}</p>', prompt(card))
