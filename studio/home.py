"""The admin's home: universes as pictures, the jobs at work, what needs somebody's attention, this month's spending."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from api.roles import READ, may
from jobs.models import ACTIVE, Job, JobStep, State
from universes.models import LANGUAGES

from . import overview
from .html import count, picture
from .jobs import LIST_CELLS, cell
from .progress import progress
from .publish import label
from .spending import totals
from .thumbnails import thumbnail_url

MOST_UNIVERSES = 24
MOST_JOBS = 10
# Of each kind of what needs attention; the list has the others.
MOST_ROWS = 6
# What failed longer ago has been lived with.
RECENT = timedelta(days=30)


def show(request, context):
    """Unfold's DASHBOARD_CALLBACK: adds what the home's template shows, as far as this person may see it."""
    context["title"] = _("Home")
    context["sees_nothing"] = not may(request.user, READ)
    if may(request.user, READ):
        context |= of_universes()
    if request.user.has_perm("jobs.view_job"):
        context["jobs"] = [row(job) for job in Job.objects.filter(status__in=ACTIVE)[:MOST_JOBS]]
        context["failed"] = failures(request.user)
    if request.user.has_perm("generation.view_charge"):
        context["totals"] = totals()
    return context


# --- Universes


def of_universes():
    every = list(overview.overview())
    shown = every[:MOST_UNIVERSES]
    prefetch_related_objects(shown, overview.CARDS)
    return {
        "universes": [tile(universe) for universe in shown],
        "more_universes": len(every) - len(shown),
        "unnamed": unnamed(every),
        "unpublished": unpublished(every),
    }


def tile(universe):
    done = progress(universe)
    return {
        "universe": universe,
        "picture": picture(thumbnail_url(universe), "", "tile"),
        "state": label(*overview.STATES[overview.state(universe)]),
        "counts": {
            _("names"): count(universe.named, done.cards * len(LANGUAGES)),
            _("pictures"): count(done.pictures, done.cards),
            _("clips"): count(done.clips, done.cards),
            _("songs"): count(done.songs, len(LANGUAGES)),
        },
    }


def unnamed(every):
    """The universes whose cards lack names, those that lack most first."""
    found = [(overview.missing_names(universe), universe) for universe in every]
    found = sorted((pair for pair in found if pair[0]), key=lambda pair: -pair[0])
    rows = [
        {"universe": universe, "number": number, "url": reverse("admin:studio_names", args=[universe.pk])}
        for number, universe in found[:MOST_ROWS]
    ]
    return _few(rows, len(found))


def unpublished(every):
    """The universes whose cards the app has not, or not as they are here; first those that changed on both sides."""
    states = [(overview.state(universe), universe) for universe in every if universe.asset_count]
    found = [(state, universe) for state, universe in states if state != overview.SYNCED]
    found.sort(key=lambda pair: pair[0] != overview.BOTH)
    rows = [
        {
            "universe": universe,
            "state": label(*overview.STATES[state]),
            "url": reverse("admin:universes_universe_publish", args=[universe.pk]),
        }
        for state, universe in found[:MOST_ROWS]
    ]
    return _few(rows, len(found))


def _few(rows, number):
    return {"rows": rows, "more": number - len(rows)}


# --- Jobs


def row(job):
    return {"job": job, "cells": {name: cell(job, name) for name in LIST_CELLS}}


def failures(user):
    """The jobs of late with a step that failed and was not done since, newest first."""
    done = JobStep.objects.filter(
        job__univers_slug=OuterRef("job__univers_slug"),
        key=OuterRef("key"),
        status=State.COMPLETED,
        completed_at__gt=OuterRef("completed_at"),
    )
    open_steps = JobStep.objects.filter(~Exists(done), job=OuterRef("pk"), status=State.FAILED)
    jobs = Job.objects.filter(
        Exists(open_steps), status=State.FAILED, completed_at__gt=timezone.now() - RECENT
    ).order_by("-completed_at")
    found = list(jobs[: MOST_ROWS + 1])
    rows = [row(job) | {"may_retry": may(user, job.scope)} for job in found[:MOST_ROWS]]
    return {"rows": rows, "more": len(found) > MOST_ROWS}
