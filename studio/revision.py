"""Revisions: what was replaced or deleted, to look at."""

import json

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from storage.names import kind_of
from universes.models import CAUSES, Revision
from universes.services import revisions

from .html import picture
from .restore import RestoreMixin, cause, contents, kept_files
from .search import BoundedSearch


class CauseFilter(admin.SimpleListFilter):
    title = _("cause")
    parameter_name = "cause"

    def lookups(self, request, model_admin):
        there = Revision.objects.order_by().values_list("cause", flat=True).distinct()
        return sorted((cause, CAUSES.get(cause, cause)) for cause in there)

    def queryset(self, request, queryset):
        return queryset.filter(cause=self.value()) if self.value() else queryset


@admin.register(Revision)
class RevisionAdmin(BoundedSearch, RestoreMixin, ModelAdmin):
    list_display = ("created_at", "univers_slug", "cause_label", "contents", "author")
    list_filter = (CauseFilter,)
    search_fields = ("univers_slug", "author")
    date_hierarchy = "created_at"
    compressed_fields = False
    fields = (
        ("univers_slug", "cause_label", "contents"),
        ("created_at", "author"),
        "kept_files",
        "kept_rows",
    )
    readonly_fields = ("cause_label", "contents", "kept_rows", "kept_files")

    def get_queryset(self, request):
        return revisions.counted()

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @display(description=_("cause"), ordering="cause")
    def cause_label(self, revision):
        return cause(revision)

    @display(description=_("contents"))
    def contents(self, revision):
        return contents(revision)

    @display(description=_("rows"))
    def kept_rows(self, revision):
        return _code(revision.rows)

    @display(description=_("files"))
    def kept_files(self, revision):
        return format_html_join("", '<div class="ms-fact">{}<span>{}</span></div>', _files(revision))


def _files(revision):
    """Each kept file: how to look at it, and its name."""
    for name, url in kept_files(revision):
        if url and kind_of(name) == "image":
            yield picture(url, name), name
        elif url:
            yield (
                format_html(
                    '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', url, _("open")
                ),
                name,
            )
        else:
            yield _("there was none"), name


def _code(value):
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return format_html('<pre class="ms-scroll ms-code">{}</pre>', text)
