"""Revisions: what was replaced or deleted, to look at."""

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from ..models import Revision
from .through_services import cards

CAUSES = {
    "delete": _("universe deleted"),
    "delete_card": _("card deleted"),
    "delete_song": _("song deleted"),
    "apply_concepts": _("cards replaced by concepts"),
    "regenerate": _("generated again"),
    "pull": _("pulled from Supabase"),
    "push": _("pushed to Supabase"),
}


@admin.register(Revision)
class RevisionAdmin(ModelAdmin):
    list_display = ("created_at", "univers_slug", "cause_label", "contents", "author")
    list_filter = ("cause",)
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

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @display(description=_("cause"), ordering="cause")
    def cause_label(self, revision):
        return CAUSES.get(revision.cause, revision.cause)

    @display(description=_("contents"))
    def contents(self, revision):
        return cards(len(revision.rows.get("univers_assets", [])))

    @display(description=_("rows"))
    def kept_rows(self, revision):
        return _code(revision.rows)

    @display(description=_("files"))
    def kept_files(self, revision):
        return _code(sorted(revision.files))


def _code(value):
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return format_html('<pre class="ms-scroll ms-code">{}</pre>', text)
