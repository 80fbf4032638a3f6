"""Duplicating, exporting, importing and seeing a universe as a child does: the buttons and their pages."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods
from unfold.decorators import action
from unfold.widgets import UnfoldAdminFileFieldWidget

from api.roles import WRITE, require
from storage import staging
from storage.serving import SentFile
from universes.errors import AlreadyExists, Changing, Invalid, TooLarge
from universes.models import Universe
from universes.names import NAME_LENGTH, SLUG_LENGTH, is_slug
from universes.services import copies, exports, imports

from .buttons import OperationsMixin, once
from .forms import line, name_line
from .html import with_names
from .model_admins import cards
from .uploads import ArchiveUpload

LIST = "admin:universes_universe_changelist"
CHANGE = "admin:universes_universe_change"
CARDS = "admin:studio_cards"
CHANGING = gettext_lazy("It changes all the time; try again when its jobs have ended.")


class SlugForm(forms.Form):
    """`slug` may stay empty."""

    slug = line(gettext_lazy("Slug"))

    def clean_slug(self):
        slug = self.cleaned_data["slug"]
        if slug and not is_slug(slug):
            raise forms.ValidationError(
                _("Use the letters a to z and digits, joined by single - or _, %(most)s characters at most."),
                params={"most": SLUG_LENGTH},
            )
        return slug

    def refuse(self, error):
        """Show what a service refused at the field that can mend it."""
        if isinstance(error, AlreadyExists):
            self.add_error("slug", _("There is a universe with this slug already; give another slug."))
        elif isinstance(error, Changing):
            self.add_error(None, CHANGING)
        else:
            self.add_error("archive", str(error))


class DuplicateForm(SlugForm):
    name = name_line(gettext_lazy("Name"), max_length=NAME_LENGTH)
    field_order = ("name", "slug")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["slug"].help_text = _("Made from the name, and a free one, when empty.")


class ImportForm(SlugForm):
    archive = forms.FileField(
        label=gettext_lazy("Archive"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".zip,application/zip"}),
        help_text=gettext_lazy("A file that “Export” made, here or elsewhere."),
    )
    field_order = ("archive", "slug")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["slug"].help_text = _("That of the archive when empty; another one makes it a copy.")


class CopiesMixin(OperationsMixin):
    """For the admin of universes; a GET shows a page or downloads, only a POST makes a universe."""

    actions_list = (*OperationsMixin.actions_list, "open_import")
    actions_detail = (
        *OperationsMixin.actions_detail,
        "see_as_a_child",
        {"title": gettext_lazy("Copy"), "icon": "content_copy", "items": ["open_duplicate", "download"]},
    )

    @action(
        description=gettext_lazy("See as a child"),
        icon="child_care",
        url_path="child",
        permissions=["view"],
        attrs={"target": "_blank"},
    )
    def see_as_a_child(self, request, object_id):
        return redirect("preview", slug=_find(object_id).slug)

    @action(
        description=gettext_lazy("Duplicate"), icon="content_copy", url_path="copy", permissions=["change"]
    )
    def open_duplicate(self, request, object_id):
        return redirect("admin:universes_universe_duplicate", universe_id=_find(object_id).pk)

    @action(description=gettext_lazy("Export"), icon="download", url_path="export", permissions=["view"])
    def download(self, request, object_id):
        slug = _find(object_id).slug
        try:
            file = exports.open_export(slug)
        except Changing:
            messages.error(request, CHANGING)
            return redirect(CHANGE, object_id)
        return SentFile(file, as_attachment=True, filename=exports.file_name(slug)).begin()

    @action(
        description=gettext_lazy("Import"), icon="upload", url_path="from-archive", permissions=["change"]
    )
    def open_import(self, request):
        return redirect("admin:universes_universe_import")

    def get_custom_urls(self):
        return (
            *super().get_custom_urls(),
            ("duplicate/<int:universe_id>/", "universes_universe_duplicate", both(self.duplicate_view)),
            ("import/", "universes_universe_import", csrf_exempt(both(self.import_view))),
        )

    def duplicate_view(self, request, universe_id, model_admin):
        require(request.user, WRITE)
        universe = _find(universe_id)
        form = DuplicateForm(*sent(request), initial={"name": copies.default_name(universe)})
        if form.is_valid():
            try:
                copy = copies.duplicate(universe, **form.cleaned_data, once=once(request))
                return self.opened(request, copy)
            except (AlreadyExists, Changing) as error:
                form.refuse(error)
        return self.copy_page(
            request,
            form,
            _("Duplicate"),
            _(
                "Everything in it is copied: %(cards)s, names, prompts, songs and files. The copy starts private."
            )
            % {"cards": cards(universe.assets.count())},
            reverse(CARDS, args=[universe.pk]),
        )

    def import_view(self, request, model_admin):
        """Where the upload goes must be said before anything reads the form, the check for CSRF included.

        https://docs.djangoproject.com/en/5.2/topics/http/file-uploads/#modifying-upload-handlers-on-the-fly
        """
        require(request.user, WRITE)
        with staging.staging() as folder:
            upload = ArchiveUpload(request, folder / "archive")
            request.upload_handlers = [upload]
            return csrf_protect(self.import_page)(request, upload)

    def import_page(self, request, upload):
        """An archive whose slug must be another stays here for a day, so that nobody sends it twice."""
        form, owner = ImportForm(*sent(request)), str(request.user.pk)
        kept = staging.saved_upload(owner, name := request.POST.get("kept", ""))
        archive = upload.path if upload.path.exists() else kept
        if kept and archive != kept:
            staging.remove(kept)
        form.fields["archive"].required = not archive
        complete = form.is_valid()
        if upload.refused:
            form.errors.pop("archive", None)
            form.refuse(upload.refused)
        elif complete:
            try:
                universe = imports.load(archive, form.cleaned_data["slug"])
                if kept:
                    staging.remove(kept)
                return self.opened(request, universe)
            except (AlreadyExists, Invalid, TooLarge) as error:
                form.refuse(error)
        if archive and list(form.errors) == ["slug"]:
            name = name if archive == kept else staging.save_upload(archive, owner)
            form["archive"].help_text = _("It is here already; choose one only to import that instead.")
        else:
            name = ""
        says = _("A universe is made of the archive: all of it, or nothing when anything is wrong with it.")
        return self.copy_page(request, form, _("Import"), says, reverse(LIST), kept=name)

    def opened(self, request, universe):
        text = _("“%(name)s” has been made, with %(cards)s.")
        text = text.replace("%(cards)s", cards(universe.assets.count()))
        messages.success(request, with_names(text, name=universe.name))
        return redirect(CARDS, universe.pk)

    def copy_page(self, request, form, title, says, back, kept=""):
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "says": says,
            "form": form,
            "back": back,
            "once": once(request),
            "kept": kept,
        }
        return TemplateResponse(request, "admin/universes/copy.html", context)


def sent(request):
    """What a form is bound to; nothing for a GET."""
    return (request.POST, request.FILES) if request.method == "POST" else ()


def both(view):
    return require_http_methods(["GET", "POST"])(view)


def _find(pk):
    """The universe of an address, in which anything may stand for the number."""
    try:
        return get_object_or_404(Universe, pk=pk)
    except (ValueError, OverflowError):
        raise Http404 from None
