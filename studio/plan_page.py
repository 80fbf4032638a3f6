"""The page between a wish and the job that does it: a GET shows the plan, only a POST starts, and plans anew."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from api.roles import PUBLISH, may
from jobs.errors import Busy
from syncer import services as syncer
from syncer.plan import Plan
from universes.models import Universe

from .model_admins import author
from .operations import REFUSALS
from .plan_media import PlanMedia
from .plan_preview import Preview, fingerprint, reason, summary


@dataclass(frozen=True)
class Entry:
    """One universe of the page: its plan, or the sentence why there is none; neither where it was not planned."""

    slug: str
    universe: Universe | None = None
    plan: Plan | None = None
    problem: str = ""

    @property
    def name(self):
        return self.universe.name if self.universe else self.slug

    @property
    def slug_here(self):
        """The slug that it has here, which may be another one in Supabase, or will have."""
        return self.universe.slug if self.universe else self.slug

    @property
    def reason(self):
        """Why doing it needs a word; empty where it does not."""
        return reason(self.plan) if self.plan else ""

    @property
    def does_something(self):
        return not self.problem and not (self.plan and self.plan.is_empty)


class ConfirmForm(forms.Form):
    """`seen`: the digest of the plan that was shown. `word`: what has to be typed; nothing when it is empty."""

    seen = forms.CharField(widget=forms.HiddenInput)
    typed = forms.CharField(
        label=gettext_lazy("To confirm"), required=False, widget=UnfoldAdminTextInputWidget()
    )

    def __init__(self, *args, word="", **kwargs):
        super().__init__(*args, **kwargs)
        self.word = word
        if not word:
            del self.fields["typed"]
            return
        self.fields["typed"].help_text = _("Type “%(word)s” here.") % {"word": word}
        self.fields["typed"].widget.attrs |= {"autocomplete": "off", "autocapitalize": "none"}

    def clean_typed(self):
        if self.cleaned_data["typed"].strip() != self.word:
            raise forms.ValidationError(_("Nothing has been started: type “%(word)s”.") % {"word": self.word})
        return self.word


@dataclass(frozen=True)
class PlanPage:
    """What an editor is about to have done.

    `entries()`: one Entry for each universe. `start(slugs, force, author)`: the job. `word`: what is typed where
    a plan takes most away, or always where `always` says why; without one it is the number of universes.
    `archived(name)`: where a kept file can be seen. `detail(pk)`: the page of one universe of several.
    """

    title: str
    warning: str
    submit: str
    back: str
    entries: Callable
    start: Callable
    word: str
    always: str = ""
    archived: Callable | None = None
    detail: Callable | None = None

    def respond(self, request, context):
        """The answer to a GET or POST; `context`: what every page of the admin needs."""
        try:
            return _Visit(self, request, context).respond()
        except Busy as busy:
            messages.warning(request, at_it(busy.job))
            return redirect(job_url(busy.job))
        except REFUSALS as error:
            messages.error(request, str(error))
            return redirect(self.back)


class _Visit:
    """One request of a PlanPage, with the plans as they are now."""

    def __init__(self, page, request, context: dict[str, Any]):
        self.page, self.request, self.context = page, request, context
        self.entries = page.entries()
        self.slugs = [entry.slug for entry in self.entries if entry.does_something]
        self.job = syncer.busy_with([entry.slug_here for entry in self.entries if not entry.problem])
        self.digest = fingerprint([entry.plan for entry in self.entries if entry.plan], self.slugs)
        self.reasons = list(filter(None, [page.always, *(entry.reason for entry in self.entries)]))

    def respond(self):
        if self.request.method != "POST":
            return self.show(self.form())
        if self.job:
            raise Busy(self.job)
        if self.request.POST.get("seen") != self.digest:
            messages.warning(self.request, _("It has changed since you looked; see what would happen now."))
            return self.show(self.form())
        form = self.form(self.request.POST)
        return self.begin() if self.slugs and form.is_valid() else self.show(form)

    def form(self, data=None):
        word = (self.page.word or str(len(self.slugs))) if self.reasons else ""
        return ConfirmForm(data, word=word, initial={"seen": self.digest})

    def begin(self):
        plans = [entry.plan for entry in self.entries if entry.plan]
        force = bool(self.page.always) or any(plan.needs_force() for plan in plans)
        job = self.page.start(self.slugs, force=force, author=author(self.request))
        messages.success(self.request, linked(_("{job} has been started."), job))
        return redirect(job_url(job))

    def show(self, form):
        entry = self.entries[0] if len(self.entries) == 1 else None
        context = {
            **self.context,
            "title": self.page.title,
            "page": self.page,
            "form": form,
            "entry": entry,
            "rows": [] if entry else [self.row(entry) for entry in self.entries],
            "preview": self.preview(entry) if entry and entry.plan else None,
            "reasons": self.reasons,
            "does_something": bool(self.slugs),
            "all_equal": not self.slugs and not any(entry.problem for entry in self.entries),
            "may_start": may(self.request.user, PUBLISH),
            "at_it": at_it(self.job) if self.job else "",
        }
        return TemplateResponse(self.request, "admin/universes/publish_plan.html", context)

    def row(self, entry):
        """What the list says of one of several universes."""
        detail = self.page.detail(entry.universe.pk) if entry.universe and self.page.detail else ""
        return {"entry": entry, "summary": summary(entry.plan) if entry.plan else [], "detail": detail}

    def preview(self, entry):
        places = PlanMedia(entry.plan, entry.universe, self.digest[:12], self.page.archived)
        return Preview(entry.plan, entry.universe, places)


def at_it(job):
    return linked(_("{job} is at it already."), job)


def linked(words, job):
    """Words in which `{job}` becomes a link to that job's page."""
    return format_html(words, job=format_html('<a href="{}">{}</a>', job_url(job), job))


def job_url(job):
    return reverse("admin:jobs_job_change", args=[job.pk])
