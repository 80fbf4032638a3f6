"""Publishing: how a universe stands to Supabase, its revisions, and the way to every sync through its plan."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods
from unfold.decorators import action

from api.roles import PUBLISH, READ, may, require
from syncer import drift
from syncer import services as syncer
from syncer.plan import PULL, PUSH, UNPUBLISH
from universes.models import Universe
from universes.name_keys import by_name
from universes.services import revisions

from .operations import REFUSALS
from .plan_page import Entry, PlanPage, at_it
from .restore import described
from .tabs import pages as studio

PULL_ALL = "pull_all"
SYNC_URL = "admin:universes_universe_sync"
CHANGELIST = "admin:universes_universe_changelist"

# Plans of more universes would keep an editor waiting; then only those that are started tell what they do.
MOST_PLANNED = 20
MOST_REVISIONS = 10


@dataclass(frozen=True)
class Direction:
    """One way to sync. `start(slugs, force, author)`: the job."""

    key: str
    title: str
    icon: str
    warning: str
    start: Callable
    always: str = ""


def start_unpublish(slugs, **options):
    return syncer.start_unpublish(slugs[0], **options)


def start_pull_all(slugs, **options):
    return syncer.start_pull_all(**options)[0]


DIRECTIONS = {
    direction.key: direction
    for direction in (
        Direction(
            PUSH,
            gettext_lazy("Push to Supabase"),
            "cloud_upload",
            gettext_lazy("What is here replaces what Supabase has; the app shows it at once."),
            syncer.start_push,
        ),
        Direction(
            PULL,
            gettext_lazy("Pull from Supabase"),
            "cloud_download",
            gettext_lazy("What Supabase has replaces what is here. What is replaced stays as a revision."),
            syncer.start_pull,
        ),
        Direction(
            PULL_ALL,
            gettext_lazy("Pull everything from Supabase"),
            "cloud_download",
            gettext_lazy(
                "Every universe that Supabase has comes here and replaces what is here. Universes that are only "
                "here stay."
            ),
            start_pull_all,
        ),
        Direction(
            UNPUBLISH,
            pgettext_lazy("button", "Unpublish"),
            "cloud_off",
            gettext_lazy("The universe and its media go out of Supabase. What is here stays."),
            start_unpublish,
            gettext_lazy("Children who use the app lose this universe."),
        ),
    )
}

# What a state means to an editor, and the colour of its label.
STATES = {
    drift.SAME: (gettext_lazy("published, nothing differs"), "success"),
    drift.LOCAL_NEWER: (gettext_lazy("changed here since it was synced"), "info"),
    drift.REMOTE_NEWER: (gettext_lazy("changed in Supabase since it was synced"), "warning"),
    drift.BOTH_CHANGED: (gettext_lazy("changed on both sides: the one you choose replaces the other"), "danger"),
    drift.DIFFERS: (gettext_lazy("differs from Supabase; never synced from here"), "warning"),
    drift.ONLY_HERE: (gettext_lazy("not published: it is only here"), ""),
}  # fmt: skip


# --- What a page is about ----------------------------------------------------------------------------------


def entries_of(direction, universes):
    """An Entry for each universe; raises what the services refuse when it is about a single one."""
    if len(universes) == 1:
        (universe,) = universes
        return [Entry(universe.slug, universe, PLANNERS[direction](universe.slug))]
    here = {universe.slug: universe for universe in universes}
    if len(universes) > MOST_PLANNED:
        return [Entry(slug, universe) for slug, universe in here.items()]
    return planned(direction, here, here)


PLANNERS = {PUSH: syncer.plan_push, PULL: syncer.plan_pull, UNPUBLISH: syncer.plan_unpublish}


def entries_there():
    """`[Entry]` of all that Supabase has, those that can't be pulled with the reason."""
    found, notes, failed = syncer.found_there()
    unfit = [Entry("", problem=str(said)) for said in (*notes, *failed.values())]
    if len(found) > MOST_PLANNED:
        return [Entry(slug, universe) for slug, universe in found.items()] + unfit
    return planned(PULL, found, found) + unfit


def planned(direction, slugs, here):
    plans = syncer.plans_or_errors(direction, list(slugs))
    return [
        Entry(slug, here.get(slug), problem=str(found))
        if isinstance(found, Exception)
        else Entry(slug, here.get(slug), found)
        for slug, found in plans
    ]


def plan_page(direction, universes):
    """The PlanPage of a direction for these universes; none at all for everything."""
    one = universes[0] if len(universes) == 1 else None
    return PlanPage(
        title=f"{direction.title}: {one.name}" if one else str(direction.title),
        warning=direction.warning,
        submit=direction.title,
        back=publish_url(one.pk) if one else reverse(CHANGELIST),
        entries=entries_there if direction.key == PULL_ALL else partial(entries_of, direction.key, universes),
        start=direction.start,
        word=one.slug if one else "",
        always=direction.always,
        detail=partial(sync_url, PULL if direction.key == PULL_ALL else direction.key),
    )


def publish_url(pk):
    return reverse("admin:universes_universe_publish", args=[pk])


def sync_url(key, *ids):
    """Where a sync of these universes is explained and started."""
    path = reverse(SYNC_URL, args=[key])
    return f"{path}?{urlencode({'id': ids}, doseq=True)}" if ids else path


# --- Pages and buttons -------------------------------------------------------------------------------------


def bulk(direction):
    """The action for the universes that are ticked in the list."""

    def open_page(model_admin, request, queryset):
        return redirect(sync_url(direction.key, *queryset.values_list("pk", flat=True)))

    open_page.__name__ = f"bulk_{direction.key}"
    open_page.short_description = direction.title
    open_page.allowed_permissions = (PUBLISH,)
    return open_page


class PublishMixin:
    """For the admin of universes: the Publish page of each, and a page with the plan before every sync."""

    publish_actions = (bulk(DIRECTIONS[PULL]), bulk(DIRECTIONS[PUSH]))

    def has_publish_permission(self, request, object_id=None):
        return may(request.user, PUBLISH)

    def publish_urls(self):
        view = require_http_methods(["GET", "POST"])(self.sync_view)
        return (("sync/<slug:key>/", "universes_universe_sync", view),)

    @action(
        description=DIRECTIONS[PULL_ALL].title,
        icon=DIRECTIONS[PULL_ALL].icon,
        url_path="pull-all",
        permissions=["publish"],
    )
    def start_pull_all(self, request):
        return redirect(sync_url(PULL_ALL))

    @action(
        description=gettext_lazy("Publish"),
        icon="cloud_sync",
        url_path="publish",
        permissions=["view"],
    )
    def publish(self, request, object_id):
        universe = self.get_object(request, object_id)
        if not universe:
            raise Http404(f"There is no universe {object_id}.")
        job = syncer.busy_with([universe.slug])
        context = {
            "revisions": [
                described(revision) for revision in revisions.listing(universe.slug)[:MOST_REVISIONS]
            ],
            "may_publish": may(request.user, PUBLISH),
            "at_it": at_it(job) if job else "",
        }
        return studio.render(request, universe, "publish", "admin/universes/publish.html", context)

    def sync_view(self, request, key, model_admin):
        require(request.user, PUBLISH if request.method == "POST" else READ)
        if key not in DIRECTIONS:
            raise Http404(f"There is no sync '{key}'.")
        universes = list(chosen(request))
        if key == UNPUBLISH and len(universes) > 1:
            raise Http404("Universes are unpublished one by one.")
        if not universes and key != PULL_ALL:
            messages.warning(request, _("No universe is chosen; tick some in the list first."))
            return redirect(CHANGELIST)
        original = universes[0] if len(universes) == 1 else None
        context = {**self.admin_site.each_context(request), "opts": self.opts, "original": original}
        return plan_page(DIRECTIONS[key], universes).respond(request, context)


def chosen(request):
    """The universes that the address names, as a query; ids that are none are left out."""
    ids = [text for text in request.GET.getlist("id") if text.isascii() and text.isdigit() and len(text) < 19]
    return Universe.objects.filter(pk__in=ids).order_by(by_name("name"), "pk")


@require_GET
@studio.studio_view()
def standing(request, universe):
    """How a universe stands to Supabase; a part of its page of its own, since Supabase may take its time."""
    context = {
        "universe": universe,
        "may_publish": may(request.user, PUBLISH),
        "urls": {key: sync_url(key, universe.pk) for key in PLANNERS},
        **_standing(universe),
    }
    return render(request, "admin/universes/publish_standing.html", context)


def _standing(universe):
    """Its state as a label; or the sentence that says why nobody knows."""
    try:
        state = drift.state_of(universe)
    except REFUSALS as error:
        return {"problem": str(error)}
    text, kind = STATES[state]
    return {"state": label(text, kind), "published": state != drift.ONLY_HERE}


def label(text, kind):
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": kind})
