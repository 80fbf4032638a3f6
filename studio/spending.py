"""The books as editors see them: every charge, and a month's totals above them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from generation import spending
from generation.models import Charge, ChargeKind

from .html import dollars
from .search import BoundedSearch

COLOURS = {"reserved": "info", "spent": "success"}


def totals(month=None):
    """A month's spending as text, for the list and the home."""
    report = spending.report(month)
    return {
        "month": report["month"],
        "limit": None if report["limit"] is None else dollars(report["limit"]),
        "percent": _percent(report),
        "spent": dollars(report["spent"]),
        "reserved": dollars(report["reserved"]) if report["reserved"] else "",
        "unpriced": report["unpriced"],
        "universes": [(row["univers_slug"], dollars(row["spent"])) for row in report["universes"]],
        "kinds": [(ChargeKind(row["kind"]).label, dollars(row["spent"])) for row in report["kinds"]],
    }


def _percent(report):
    """How much of the limit is spent or reserved, 100 at most; None without a limit."""
    if report["limit"] is None:
        return None
    committed = report["spent"] + report["reserved"]
    return min(100, round(100 * committed / report["limit"])) if report["limit"] else 100


@admin.register(Charge)
class ChargeAdmin(BoundedSearch, ModelAdmin):
    list_display = ("created_at", "univers_slug", "kind", "model", "state", "price")
    list_filter = ("month", "kind", "status")
    search_fields = ("univers_slug", "model", "prediction_id")
    list_before_template = "admin/generation/totals.html"
    compressed_fields = False
    fields = (
        ("univers_slug", "kind", "model"),
        ("state", "price", "month"),
        ("created_at", "settled_at"),
        ("job_id", "prediction_id"),
    )
    readonly_fields = ("state", "price")

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @display(description=_("status"), ordering="status", label=COLOURS)
    def state(self, charge):
        return charge.status, charge.get_status_display()

    @display(description=_("price"), ordering="amount")
    def price(self, charge):
        return dollars(charge.amount)

    def changelist_view(self, request, extra_context=None):
        asked = request.GET.get("month", "")
        known = Charge.objects.filter(month=asked).exists()
        return super().changelist_view(request, {"totals": totals(asked if known else None)})
