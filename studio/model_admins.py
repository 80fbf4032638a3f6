"""What every admin here has in common: rows are saved and deleted by services alone."""

from functools import partial

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect
from django.utils.translation import ngettext

from universes.errors import AlreadyExists, Invalid, NotFound


def author(request):
    """The name that revisions and jobs keep."""
    return request.user.get_username()


def delete_after_commit(delete, item, request):
    """Delete through the service once the form's own transaction is through.

    It copies files to the archive, which takes too long to hold the database's only writer, and takes away files,
    which a transaction that fails later would not bring back.
    """
    transaction.on_commit(partial(delete, item, author=author(request)))


def adopt(item, saved):
    """Let the instance that the admin holds become the row that a service made."""
    item.__dict__.update(saved.__dict__)


class DeletesThroughService:
    """For a ModelAdmin; `service` is the module whose `delete(item, author)` does it."""

    service = None

    def delete_model(self, request, obj):
        delete_after_commit(self.service.delete, obj, request)

    def delete_queryset(self, request, queryset):
        for item in queryset:
            self.delete_model(request, item)

    def get_deleted_objects(self, objs, request):
        """Each thing with what it takes along in numbers: a list of every translation tells nobody anything."""
        items = list(objs)
        lacking = set() if self.has_delete_permission(request) else {self.opts.verbose_name}
        counts = {self.opts.verbose_name_plural: len(items)}
        return [self.describe_deletion(item) for item in items], counts, lacking, []

    def describe_deletion(self, item):
        return str(item)


def cards(number):
    return ngettext("%(number)s card", "%(number)s cards", number) % {"number": number}


class SaysWhatServicesRefuse:
    """For a ModelAdmin: what a service refuses becomes one message above the same page, and nothing is saved."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (AlreadyExists, Invalid, NotFound) as error:
            messages.error(request, str(error))
            return redirect(request.get_full_path())
