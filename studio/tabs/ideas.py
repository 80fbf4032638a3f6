"""The page Ideas: a theme becomes proposals, and those that one likes become cards."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from api.roles import GENERATE, WRITE, may, require
from generation import estimates, kinds
from generation import services as generation
from jobs.models import Job, State
from universes.models import LANGUAGES, Language
from universes.names import typed_name

from ..jobs import can_cancel, can_retry, cell
from ..model_admins import author
from ..operations import REFUSALS
from . import dialogs, pages, proposal_cards
from .proposal_cards import Proposal

PROPOSE = "propose_ideas"
MOST_EARLIER = 10
ADD, REPLACE = "add", "replace"


class ThemeForm(forms.Form):
    """What one wishes ideas about."""

    theme = forms.CharField(
        max_length=500,
        error_messages={"required": gettext_lazy("Say in a few words what the cards are about.")},
    )
    count = forms.IntegerField(min_value=1, max_value=50)
    language = forms.ChoiceField(choices=Language.choices)


def first_values(request, universe):
    """What the form shows to begin with; a list that one comes from hands on its theme."""
    own = (get_language() or "")[:2]
    values = {"theme": universe.name, "count": 10, "language": own if own in LANGUAGES else Language.FRENCH}
    return values | {name: request.GET[name] for name in values if name in request.GET}


@require_http_methods(["GET", "POST"])
@pages.studio_view()
def page(request, universe):
    """A GET asks for a theme and lists what was thought up before; a POST starts a job that thinks."""
    if request.method == "POST":
        require(request.user, GENERATE)
        return _start(request, universe)
    return _ask(request, universe, first_values(request, universe))


def _start(request, universe):
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return _ask(request, universe, form.data, form.errors, status=422)
    try:
        job = generation.start_ideas(
            universe.slug, **form.cleaned_data, author=author(request), once=dialogs.once(request)
        )
    except REFUSALS as error:
        return _ask(request, universe, form.data, {"__all__": [error]}, status=409)
    return redirect("admin:studio_proposals", universe.pk, job.pk)


def _ask(request, universe, values, errors=None, status=200):
    cost = estimates.estimate([kinds.IDEAS.proposed(universe, "", 1, Language.FRENCH)])
    context = {
        "values": values,
        "languages": Language.choices,
        "problems": [sentence for found in (errors or {}).values() for sentence in found],
        "once": dialogs.once(request),
        "cost": dialogs.costs(cost),
        "earlier": [(job, asked(job)) for job in _lists(universe)[:MOST_EARLIER]],
    }
    return pages.render(request, universe, "cards", "admin/studio/ideas.html", context, status)


def _lists(universe):
    return Job.objects.filter(univers_slug=universe.slug, type=PROPOSE).prefetch_related("steps")


def asked(job):
    """`{"theme", "count", "language"}` that the job was started with."""
    (step,) = job.steps.all()
    return step.params


def find(universe, job_id):
    job = _lists(universe).filter(pk=job_id).first()
    if not job:
        raise Http404(_("This list of ideas is gone; ask for a new one."))
    return job


# --- A list of proposals


@require_GET
@pages.studio_view()
def proposals(request, universe, job_id):
    """What the job is at; once it is done, its proposals to choose from and to edit."""
    job = find(universe, job_id)
    return _proposals(request, universe, job, proposed(universe, job))


def proposed(universe, job):
    """The job's Proposals as the model made them; those that the universe has already are not ticked."""
    if job.status != State.COMPLETED:
        return []
    found, have = job.result["results"]["ideas"]["translations"], proposal_cards.known_names(universe)
    rows = ({code: found[code][place] for code in LANGUAGES} for place in range(len(found[LANGUAGES[0]])))
    return [
        Proposal(str(place), names, not proposal_cards.is_known(names, have))
        for place, names in enumerate(rows)
    ]


def typed(request):
    """The Proposals of a form that was sent, in its order."""
    return [
        Proposal(
            key,
            {code: _name(request, f"name_{key}_{code}") for code in LANGUAGES},
            f"use_{key}" in request.POST,
        )
        for key in dict.fromkeys(request.POST.getlist("row"))
    ]


def _name(request, field):
    # No form checks these fields, and PostgreSQL takes no NUL.
    return typed_name(request.POST.get(field, "").replace("\0", ""))


def _proposals(request, universe, job, rows, error="", status=200):
    wishes = asked(job)
    context = {
        "job": job,
        "cells": {name: cell(job, name) for name in ("state", "progress", "note")},
        "may_control": may(request.user, GENERATE),
        "can_cancel": can_cancel(job),
        "can_retry": can_retry(job),
        "asked": wishes,
        "rows": shown(universe, rows),
        "chosen": sum(row.chosen for row in rows),
        "taken": proposal_cards.times(job),
        "loses": proposal_cards.loses(universe),
        "error": error,
        "once": dialogs.once(request),
        "languages": Language,
    }
    return pages.render(request, universe, "cards", "admin/studio/proposals.html", context, status)


def shown(universe, rows):
    """`[(Proposal, [(language, name)], whether the universe has it)]`."""
    have = proposal_cards.known_names(universe)
    return [
        (
            row,
            [(language, row.names[language.value]) for language in Language],
            proposal_cards.is_known(row.names, have),
        )
        for row in rows
    ]


# --- Taking them over


@dataclass
class Refused(Exception):
    """What was sent can't be taken over; nothing has been."""

    sentence: str


@require_POST
@pages.studio_view(WRITE)
def take(request, universe, job_id):
    """Add the ticked proposals as cards, or replace all cards by them; what was typed comes back when it can't be."""
    job, rows = find(universe, job_id), typed(request)
    chosen = [row for row in rows if row.chosen]
    try:
        check(universe, chosen, request.POST)
        done = _take(request, universe, job, chosen)
    except Refused as refused:
        return _proposals(request, universe, job, rows, refused.sentence, status=422)
    except REFUSALS as error:
        return _proposals(request, universe, job, rows, str(error), status=409)
    if done:
        messages.success(request, _outcome(request, len(chosen)))
    else:
        messages.info(request, _("That was done already; nothing has been done twice."))
    return _lead_to(request, reverse("admin:studio_cards", args=[universe.pk]))


def _lead_to(request, page):
    """Open another page; htmx, which follows redirects by itself, is told in its own way."""
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Redirect": page})
    return redirect(page)


def check(universe, chosen, sent):
    if not chosen:
        raise Refused(_("Nothing is ticked: choose at least one idea."))
    for row in chosen:
        if not any(row.names.values()):
            raise Refused(_("One of the ticked ideas has no name: give it one, or untick it."))
        if max(map(len, row.names.values())) > proposal_cards.LONGEST:
            raise Refused(_("A name has at most %(most)s characters.") % {"most": proposal_cards.LONGEST})
    if (
        sent.get("mode") == REPLACE
        and universe.assets.all()
        and sent.get("typed", "").strip() != universe.slug
    ):
        raise Refused(_("Nothing has been replaced: type “%(word)s”.") % {"word": universe.slug})


def _take(request, universe, job, chosen):
    how = proposal_cards.replace if request.POST.get("mode") == REPLACE else proposal_cards.add
    language = asked(job)["language"]
    return proposal_cards.once(
        universe, job, dialogs.once(request), lambda: how(universe, chosen, language, author(request))
    )


def _outcome(request, number):
    if request.POST.get("mode") == REPLACE:
        text = ngettext(
            "The universe has %(number)s new card.", "The universe has %(number)s new cards.", number
        )
    else:
        text = ngettext("%(number)s card has been added.", "%(number)s cards have been added.", number)
    return text % {"number": number}
