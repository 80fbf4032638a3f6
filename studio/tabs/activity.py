"""The tab Activity: what jobs did, who changed what, and what was replaced, in one timeline."""

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render as render_part
from django.utils.http import urlencode
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from api.roles import may
from jobs.models import Job

from ..jobs import LIST_CELLS, can_cancel, can_retry, cell, cost, steps
from ..restore import described
from . import edit_sentences, pages
from .timeline import CHANGES, JOBS, KINDS, REVISIONS, Timeline, authors

PER_PAGE = 50
TITLES = {
    "": gettext_lazy("everything"),
    JOBS: gettext_lazy("jobs"),
    CHANGES: gettext_lazy("changes"),
    REVISIONS: gettext_lazy("revisions"),
}


@require_GET
@pages.studio_view()
def page(request, universe):
    """A page of the timeline; `?kind=` and `?who=` narrow it."""
    kind = request.GET.get("kind", "") if request.GET.get("kind") in KINDS else ""
    who = request.GET.get("who", "")
    found = Timeline(universe, [kind] if kind else KINDS, who)
    numbered = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "days": by_day(request.user, list(numbered)),
        "page": numbered,
        "pages": numbered.paginator.get_elided_page_range(numbered.number, on_ends=1),
        "kinds": TITLES.items(),
        "kind": kind,
        "who": who,
        "authors": authors(universe),
        "filters": urlencode({"kind": kind, "who": who}),
    }
    return pages.render(request, universe, "activity", "admin/studio/activity.html", context)


def by_day(user, events):
    """`[(date, [row])]`, as they come."""
    days = {}
    for event in events:
        days.setdefault(localdate(event.created_at), []).append(ROWS[event.kind](user, event))
    return list(days.items())


def _job_row(user, event):
    job = event.item
    return {
        "kind": JOBS,
        "at": event.created_at,
        "job": job,
        "cells": {name: cell(job, name) for name in LIST_CELLS},
        "left_out": str(job.left_out),
        "cost": "" if job.cost is None and job.estimated_cost is None else cost(job),
        "may_control": may(user, job.scope),
        "can_cancel": can_cancel(job),
        "can_retry": can_retry(job),
    }


def _change_row(user, event):
    before, after = edit_sentences.before_and_after(event.item)
    return {
        "kind": CHANGES,
        "at": event.created_at,
        "sentence": edit_sentences.sentence(event.item),
        "made": not event.item.field,
        "before": before,
        "after": after,
    }


def _revision_row(user, event):
    return {"kind": REVISIONS, "at": event.created_at, **described(event.item)}


ROWS = {JOBS: _job_row, CHANGES: _change_row, REVISIONS: _revision_row}


@require_GET
@pages.studio_view()
def job_steps(request, universe, job_id):
    """A job's steps alone; while it runs, they ask for themselves again."""
    job = Job.objects.filter(pk=job_id, univers_slug=universe.slug).first()
    if not job:
        raise Http404("The job is gone.")
    context = {"job": job, "universe": universe, "steps": steps(job)}
    return render_part(request, "admin/studio/activity_steps.html", context)
