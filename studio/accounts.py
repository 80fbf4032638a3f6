"""The admin of accounts; the queue's own tables, which editors don't need, are taken out."""

import json
from typing import Any

import django_q.admin  # noqa: F401 - registers what is taken away below
from django import forms
from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group, User
from django.http import Http404
from django.utils.translation import gettext as _
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from .search import BoundedSearch

SEEN = "seen"

# With Redis, the queue registers no messages of its own.
admin.site.unregister(
    [model for model in (User, Group, Success, Failure, Schedule, OrmQ) if admin.site.is_registered(model)]
)


def view_on_site(request, **path):
    """Nothing has a page of its own outside; Django's view of this address takes no model's id but a number."""
    raise Http404


class SeenForm(forms.ModelForm):
    """Sends back the values that it showed (`seen`); refuses a field that somebody else changed meanwhile."""

    def texts(self) -> dict[str, str]:
        """The stored values as texts, by field; without the password's hash."""
        names = [name for name, field in self.fields.items() if not field.disabled and name != "password"]
        return {name: _text(self.get_initial_for_field(self.fields[name], name)) for name in names}

    @property
    def seen(self) -> str:
        return json.dumps(self.texts())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        shown = self._shown()
        for name, now in self.texts().items():
            if self.instance.pk and shown.get(name, now) != now:
                said = {"text": now}
                self.add_error(
                    name,
                    _("Meanwhile this became “%(text)s”.") % said
                    + " "
                    + _("Save again to put yours in its place."),
                )
        return cleaned

    def _shown(self) -> dict[str, str]:
        try:
            found = json.loads(self.data.get(SEEN, "{}"))
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(sorted(map(str, value)))
    return "" if value is None else str(value)


class SeenUserForm(SeenForm, UserChangeForm):
    """An account, with what the page showed of it."""


@admin.register(User)
class UserAdmin(BoundedSearch, auth_admin.UserAdmin, ModelAdmin):
    form = SeenUserForm
    change_form_before_template = "admin/magikswipe/seen.html"
    readonly_fields = ("last_login", "date_joined")
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(BoundedSearch, auth_admin.GroupAdmin, ModelAdmin):
    form = SeenForm
    change_form_before_template = "admin/magikswipe/seen.html"
