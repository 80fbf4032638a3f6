"""The admin's home: universes as pictures, and the jobs at work."""

from django.utils.translation import gettext as _

from generation.admin import totals
from jobs.admin import LIST_CELLS, cell
from jobs.models import ACTIVE, Job
from universes.admin.progress import progress
from universes.admin.thumbnails import thumbnail_url
from universes.admin.universe import with_cards
from universes.models import LANGUAGES

from .html import count, picture
from .roles import READ, may

MOST_UNIVERSES = 24
MOST_JOBS = 10


def show(request, context):
    """Unfold's DASHBOARD_CALLBACK: adds what the home's template shows, as far as this person may see it."""
    context["title"] = _("Home")
    context["sees_nothing"] = not may(request.user, READ)
    if may(request.user, READ):
        context["universes"] = [tile(universe) for universe in with_cards()[:MOST_UNIVERSES]]
    if request.user.has_perm("jobs.view_job"):
        context["jobs"] = [row(job) for job in Job.objects.filter(status__in=ACTIVE)[:MOST_JOBS]]
    if request.user.has_perm("generation.view_charge"):
        context["totals"] = totals()
    return context


def tile(universe):
    done = progress(universe)
    return {
        "universe": universe,
        "picture": picture(thumbnail_url(universe), "", "tile"),
        "counts": {
            _("pictures"): count(done.pictures, done.cards),
            _("clips"): count(done.clips, done.cards),
            _("songs"): count(done.songs, len(LANGUAGES)),
        },
    }


def row(job):
    return {"job": job, "cells": {name: cell(job, name) for name in LIST_CELLS}}
