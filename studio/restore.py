"""Revisions for editors: what each holds, its kept files to look at, and the way to restore it through its plan."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_GET
from unfold.decorators import action

from api.roles import PUBLISH, READ, may, require
from storage.names import kind_of
from storage.serving import serve_archived
from syncer import restore
from syncer import services as syncer
from universes.models import CAUSES, Revision, Universe

from .model_admins import cards
from .plan_page import Entry, PlanPage

MOST_PICTURES = 4


def cause(kept):
    """Why a Revision or a Variant was kept, in an editor's words."""
    return CAUSES.get(kept.cause, kept.cause)


def contents(revision):
    """What it kept, in numbers; `revision` as `kept.listing` reads it."""
    songs, files = revision.songs, len(revision.files)
    counted = (
        (revision.cards, cards(revision.cards)),
        (songs, ngettext("%(number)s song", "%(number)s songs", songs) % {"number": songs}),
        (files, ngettext("%(number)s file", "%(number)s files", files) % {"number": files}),
    )
    return ", ".join(words for number, words in counted if number) or _("settings")


def kept_files(revision):
    """`[(name, address)]` of what it kept; None as the address where there was no file."""
    return [
        (name, archive_url(revision, sha256) if sha256 else None)
        for name, sha256 in sorted(revision.files.items())
    ]


def archive_url(revision, sha256):
    """Where a file that a revision kept can be seen."""
    return reverse("admin:universes_revision_archive", args=[revision.pk, sha256])


def described(revision):
    """A revision as a row of a list."""
    pictures = [(name, url) for name, url in kept_files(revision) if url and kind_of(name) == "image"]
    return {
        "revision": revision,
        "cause": cause(revision),
        "contents": contents(revision),
        "pictures": pictures[:MOST_PICTURES],
        "restore_url": restore_url(revision),
    }


def restore_url(revision):
    return reverse("admin:universes_revision_restore", args=[revision.pk])


def restore_page(revision):
    """The PlanPage of making its universe what this revision kept."""
    slug = restore.slug_of(revision)
    universe = Universe.objects.filter(slug=slug).first()
    return PlanPage(
        title=_("Restore: %(name)s") % {"name": universe.name if universe else slug},
        warning=_("What this revision kept replaces what is here; that stays as a revision of its own."),
        submit=pgettext("button", "Restore"),
        back=reverse("admin:universes_revision_change", args=[revision.pk]),
        entries=lambda: [Entry(slug, universe, syncer.plan_restore(revision.pk))],
        start=lambda slugs, **options: syncer.start_restore(revision.pk, **options),
        word=slug,
        archived=lambda name: _kept_url(revision, name),
    )


def _kept_url(revision, name):
    sha256 = revision.files.get(name)
    return archive_url(revision, sha256) if sha256 else None


class RestoreMixin:
    """For the admin of revisions: the page that restores one, and the files that it kept."""

    actions_detail = ("restore",)

    def has_publish_permission(self, request, object_id=None):
        return may(request.user, PUBLISH)

    def get_custom_urls(self):
        view = require_GET(self.archive_view)
        return (("<uuid:pk>/archive/<slug:sha256>", "universes_revision_archive", view),)

    @action(
        description=gettext_lazy("Restore…"),
        icon="restore",
        url_path="restore",
        permissions=[PUBLISH],
    )
    def restore(self, request, object_id):
        revision = self.get_object(request, object_id)
        if not revision:
            raise Http404(f"There is no revision {object_id}.")
        context = {**self.admin_site.each_context(request), "opts": self.opts, "original": revision}
        return restore_page(revision).respond(request, context)

    def archive_view(self, request, pk, sha256, model_admin):
        """A kept file; its bytes never change under this address."""
        require(request.user, READ)
        files = get_object_or_404(Revision.objects.defer("rows"), pk=pk).files
        name = next((name for name, kept_sha256 in files.items() if kept_sha256 == sha256), None)
        if not name:
            raise Http404("The revision has no such file.")
        return served(request, sha256, name)


def served(request, sha256, name):
    """The response for an archived file that was called `name`; Http404 when it is gone."""
    response = serve_archived(request, sha256, name)
    if response is None:
        raise Http404(f"The archived copy of {name} is gone.")
    return response
