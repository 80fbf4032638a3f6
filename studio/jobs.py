"""Jobs as editors see them: how far each is, live, with a way to cancel it and to try again what failed."""

import re
import uuid
from contextlib import suppress

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display

from api.roles import WRITE, may, require
from jobs import services
from jobs.errors import Busy, NotFound, NotPossible
from jobs.models import ENDED, Job, State

from .html import NOTHING, bar, dollars
from .search import BoundedSearch

# Unfold's colours of a label.
COLOURS = {
    State.RUNNING: "info",
    State.COMPLETED: "success",
    State.FAILED: "danger",
    State.CANCELLED: "warning",
}

# Punctuation beside a word.
BESIDE_WORDS = re.compile(r"(?<!\S)[(“«]+|[):;.,”»]+(?!\S)")

# One request asks for no more jobs than a page of the list has.
MOST_ASKED_FOR = 100


def state(item):
    """The coloured label of a job's or a step's status."""
    context = {"text": item.get_status_display(), "type": COLOURS.get(item.status, "")}
    return render_to_string("unfold/helpers/label.html", context)


def progress(job):
    return bar(job.progress, f"{job.current_step} / {job.total_steps}", job.status)


def note(job):
    """What went wrong; where nothing did, nothing."""
    if job.cancel_requested and not job.ended:
        return _("being cancelled")
    if not job.error:
        return ""
    return format_html('<span class="ms-error">{}</span>', Truncator(str(job.error)).chars(300))


def duration(job):
    """How long it took, or has been at it, in whole seconds."""
    if not job.started_at:
        return NOTHING
    seconds = max(0, round(((job.completed_at or timezone.now()) - job.started_at).total_seconds()))
    minutes, seconds = divmod(seconds, 60)
    return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": seconds}


def started(job):
    return _time(job.started_at)


def ended(job):
    return _time(job.completed_at)


def _time(moment):
    return date_format(localtime(moment), "DATETIME_FORMAT") if moment else NOTHING


def cost(job):
    """What it has cost, and what it was expected to; nothing for what is free."""
    if job.cost is None and job.estimated_cost is None:
        return NOTHING
    amounts = {"cost": dollars(job.cost), "estimate": dollars(job.estimated_cost)}
    return _("%(cost)s (estimated: %(estimate)s)") % amounts


def steps(job):
    return render_to_string("admin/jobs/steps.html", {"rows": [_step(step) for step in job.steps.all()]})


def _step(step):
    return {
        "step": step,
        "label": str(step.label),
        "state": state(step),
        "cost": dollars(step.cost),
        "error": str(step.error),
    }


LIST_CELLS = {"state": state, "progress": progress, "note": note, "duration": duration}
CELLS = {**LIST_CELLS, "started": started, "ended": ended, "cost": cost, "steps": steps}


def cell(job, name):
    """One cell of a job, marked so that the page's script can bring it up to date."""
    return format_html(
        '<span data-job="{}" data-cell="{}" data-ended="{}">{}</span>',
        job.pk,
        name,
        "yes" if job.ended else "no",
        CELLS[name](job),
    )


def snapshot(job, cells=LIST_CELLS):
    """What the script needs of a job: whether it ended, what one can do with it, its cells as HTML."""
    return {
        "id": str(job.pk),
        "ended": job.ended,
        "can_cancel": can_cancel(job),
        "can_retry": can_retry(job),
        "cells": {name: str(make(job)) for name, make in cells.items()},
    }


def can_cancel(job):
    return not job.ended and not job.cancel_requested


def can_retry(job):
    """Whether something failed that can be done again; the jobs of the old backend came without their steps."""
    return job.status in (State.FAILED, State.CANCELLED) and job.steps.exists()


def _ids(texts):
    for text in texts:
        with suppress(ValueError):
            yield uuid.UUID(text)


def _back(request):
    """The page of ours that a form came from, if it says so."""
    page = request.POST.get("next", "")
    return page if url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure()) else ""


@admin.register(Job)
class JobAdmin(BoundedSearch, ModelAdmin):
    list_display = ("title", "univers_slug", "state", "bar", "note", "author", "created_at", "duration")
    list_display_links = ("title",)
    list_filter = ("status", "type")
    list_before_template = "admin/jobs/live.html"
    search_fields = ("univers_slug", "author", "error")
    fields = (("title", "univers_slug", "author"), ("created_at", "started", "ended"), "price")
    readonly_fields = ("title", "started", "ended", "price")
    compressed_fields = False
    change_form_outer_before_template = "admin/jobs/control.html"
    change_form_outer_after_template = "admin/jobs/progress.html"

    def searched(self, request, queryset, search_term):
        """Find an error by the sentence that is shown: it is stored with what was filled in apart from it."""
        bare = search_term if '"' in search_term else BESIDE_WORDS.sub("", search_term)
        return super().searched(request, queryset, bare)

    @display(description=gettext_lazy("job"), ordering="type")
    def title(self, job):
        return job.title

    @display(description=gettext_lazy("status"), ordering="status")
    def state(self, job):
        return cell(job, "state")

    @display(description=gettext_lazy("progress"), ordering="progress")
    def bar(self, job):
        return cell(job, "progress")

    @display(description=gettext_lazy("note"))
    def note(self, job):
        return cell(job, "note")

    @display(description=gettext_lazy("duration"))
    def duration(self, job):
        return cell(job, "duration")

    @display(description=gettext_lazy("started"))
    def started(self, job):
        return cell(job, "started")

    @display(description=gettext_lazy("ended"))
    def ended(self, job):
        return cell(job, "ended")

    @display(description=gettext_lazy("cost"))
    def price(self, job):
        return cell(job, "cost")

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return may(request.user, WRITE) and (obj is None or obj.ended)

    def get_deleted_objects(self, objs, request):
        """The jobs alone, without their steps; those at work can't be deleted."""
        jobs = list(objs)
        active = [_("%(job)s is at work; cancel it first.") % {"job": job} for job in jobs if not job.ended]
        names = [str(job) for job in jobs]
        return names, {self.opts.verbose_name_plural: len(jobs)}, set(), active

    def delete_queryset(self, request, queryset):
        queryset.filter(status__in=ENDED).delete()

    def get_urls(self):
        def own(path, view, name):
            return self._path_from_custom_url((path, f"jobs_job_{name}", view))

        return [
            own("live/", require_GET(self.live_list), "live_list"),
            own("<uuid:job_id>/live/", require_GET(self.live), "live"),
            own("<uuid:job_id>/cancel/", require_POST(self.cancel), "cancel"),
            own("<uuid:job_id>/retry/", require_POST(self.retry), "retry"),
            *super().get_urls(),
        ]

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"live_url": reverse("admin:jobs_job_live_list")})

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        job = self.get_object(request, object_id) if object_id else None
        extra = self.detail_context(request, job) if job else {}
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **extra})

    def detail_context(self, request, job):
        return {
            "title": str(job),
            "subtitle": None,
            "live_url": reverse("admin:jobs_job_live", args=[job.pk]),
            "job": job,
            "cells": {name: cell(job, name) for name in CELLS},
            "may_control": may(request.user, job.scope),
            "can_cancel": can_cancel(job),
            "can_retry": can_retry(job),
        }

    def live_list(self, request, model_admin):
        self._check(self.has_view_permission(request))
        jobs = Job.objects.filter(pk__in=_ids(request.GET.getlist("id")[:MOST_ASKED_FOR]))
        return JsonResponse({"jobs": [snapshot(job) for job in jobs]})

    def live(self, request, job_id, model_admin):
        self._check(self.has_view_permission(request))
        try:
            job = services.find(job_id)
        except NotFound:
            return JsonResponse({"jobs": []})
        return JsonResponse({"jobs": [snapshot(job, CELLS)]})

    def cancel(self, request, job_id, model_admin):
        return self._control(request, job_id, services.cancel, _("The job is being cancelled."))

    def retry(self, request, job_id, model_admin):
        return self._control(request, job_id, services.retry, _("What failed is being tried again."))

    def _control(self, request, job_id, act, done):
        self._check(self.has_view_permission(request))
        try:
            job = services.find(job_id)
            require(request.user, job.scope)
            act(job)
            messages.success(request, done)
        except NotFound as error:
            messages.error(request, str(error))
            return redirect("admin:jobs_job_changelist")
        except (Busy, NotPossible) as error:
            messages.error(request, str(error))
        return redirect(_back(request) or reverse("admin:jobs_job_change", args=[job_id]))

    def _check(self, allowed):
        if not allowed:
            raise PermissionDenied
