"""The buttons and the page that start an operation: a GET shows what will happen, only a POST does it."""

import hashlib
import json
import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods
from unfold.decorators import action

from api import idempotency
from api.roles import GENERATE, may, require

from .model_admins import author, cards
from .operations import OPERATIONS, REFUSALS, cost_of, total
from .progress import progress
from .publish import PublishMixin, chosen

CHANGED = gettext_lazy(
    "It has changed since you looked: this is what would be made now. Nothing has been begun yet."
)
OPERATION_URL = "admin:universes_universe_operation"


def address(operation, ids):
    """Where an operation on these universes is explained and started."""
    return f"{reverse(OPERATION_URL, args=[operation.key])}?{urlencode({'id': list(ids)}, doseq=True)}"


def button(operation):
    """The link above a universe's form."""

    @action(
        description=operation.title,
        icon=operation.icon,
        # A word of its own: the studio's tabs have the plain ones.
        url_path=f"generate-{operation.key}",
        permissions=[operation.scope],
    )
    def open_page(self, request, object_id):
        return redirect(address(operation, [object_id]))

    return open_page


def bulk(operation):
    """The same for the universes that are ticked in the list."""

    def open_page(model_admin, request, queryset):
        return redirect(address(operation, queryset.values_list("pk", flat=True)))

    open_page.__name__ = f"bulk_{operation.key}"
    open_page.short_description = operation.title
    open_page.allowed_permissions = (operation.scope,)
    return open_page


def name(key):
    return f"start_{key}"


Buttons = type("Buttons", (), {name(key): button(operation) for key, operation in OPERATIONS.items()})


class OperationsMixin(PublishMixin, Buttons):
    """For the admin of universes: every operation as a button, as a bulk action, and its page."""

    actions = (*(bulk(operation) for operation in OPERATIONS.values()), *PublishMixin.publish_actions)
    actions_list = ("start_pull_all",)
    actions_row = ("publish",)
    actions_detail = (
        {
            "title": gettext_lazy("Generate"),
            "icon": "auto_awesome",
            "items": [name(key) for key in ("gaps", "pictures", "clips", "songs", "everything")],
        },
        "publish",
    )

    # Unfold asks these by the names of the scopes; a permission's own name would have its checks read the database,
    # which has no tables yet when the first migration runs.
    def has_generate_permission(self, request, object_id=None):
        return may(request.user, GENERATE)

    def get_custom_urls(self):
        view = require_http_methods(["GET", "POST"])(self.operation_view)
        return (("operation/<slug:key>/", "universes_universe_operation", view), *self.publish_urls())

    def operation_view(self, request, key, model_admin):
        operation = _find(key)
        require(request.user, operation.scope)
        universes = list(chosen(request).prefetch_related("assets", "music_prompts"))
        if not universes:
            messages.warning(request, _("No universe is chosen; tick some in the list first."))
            return redirect("admin:universes_universe_changelist")
        form = operation.form(request.POST if request.method == "POST" else None, universes=universes)
        rows = [row(operation, universe) for universe in universes]
        if form.is_valid() and has_changed(request, told(rows)):
            form.add_error(None, CHANGED)
        if form.is_valid():
            jobs = start(request, operation, universes, form.cleaned_data)
            return redirect(_next_page(jobs, universes))
        context = self.operation_context(request, operation, universes, rows, form)
        return TemplateResponse(request, "admin/universes/operation.html", context)

    def operation_context(self, request, operation, universes, rows, form):
        return {
            **self.admin_site.each_context(request),
            "title": operation.title,
            "opts": self.opts,
            "operation": operation,
            "rows": rows,
            "total": together(rows),
            "form": form,
            "once": once(request),
            "seen": told(rows),
            "back": _next_page([], universes),
        }


def _find(key):
    if key not in OPERATIONS:
        raise Http404(f"There is no operation '{key}'.")
    return OPERATIONS[key]


def row(operation, universe):
    """What the page says of one universe."""
    amounts = operation.costs(universe)
    return {
        "universe": universe,
        "says": operation.says(universe),
        "amounts": amounts,
        "cost": cost_of(*amounts),
    }


def together(rows):
    """What the page says of all universes, where there are several."""
    if len(rows) < 2:
        return None
    number = len(rows)
    return {
        "universes": ngettext("%(number)s universe", "%(number)s universes", number) % {"number": number},
        "cards": cards(sum(progress(row["universe"]).cards for row in rows)),
        "cost": total([row["amounts"] for row in rows]),
    }


def told(rows):
    """A text that is another one as soon as the page would say something else."""
    said = [[row["universe"].pk, str(row["says"]), str(row["cost"])] for row in rows]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def has_changed(request, now):
    """Whether the page that was sent said something else; one that was sent before has its jobs already."""
    if request.POST.get("seen", now) == now:
        return False
    return not idempotency.is_prefix_used(f"{once(request)}-")


def once(request):
    """The mark of the form that was sent, a new one for a form that is shown."""
    return request.POST.get("once", "")[:40] if request.method == "POST" else uuid.uuid4().hex


def start(request, operation, universes, values):
    """Start the operation's jobs; say of each that it runs, or why it does not. Returns those that run."""
    jobs = []
    for begin in operation.start(universes, values, author(request), once(request)):
        asked_at = timezone.now()
        try:
            job = begin()
        except REFUSALS as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _outcome(job, asked_at))
            jobs.append(job)
    return jobs


def _outcome(job, asked_at):
    if job.ended and not job.total_steps:
        text = _("{job}: there was nothing left to do.")
    elif job.created_at < asked_at:
        text = _("{job} is being done already.")
    else:
        text = _("{job} has been started.")
    link = format_html('<a href="{}">{}</a>', reverse("admin:jobs_job_change", args=[job.pk]), job)
    return format_html(text, job=link)


def _next_page(jobs, universes):
    if len(jobs) == 1:
        return reverse("admin:jobs_job_change", args=[jobs[0].pk])
    if jobs:
        return reverse("admin:jobs_job_changelist")
    if len(universes) == 1:
        return reverse("admin:universes_universe_change", args=[universes[0].pk])
    return reverse("admin:universes_universe_changelist")
