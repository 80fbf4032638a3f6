"""The admin of what is nobody's room: accounts, and the queue's own tables, which editors don't need."""

import django_q.admin  # noqa: F401 - registers what is taken away below
from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group, User
from django.http import Http404
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from .searching import BoundedSearch
from .seen import SeenForm

# With Redis, the queue registers no messages of its own.
admin.site.unregister(
    [model for model in (User, Group, Success, Failure, Schedule, OrmQ) if admin.site.is_registered(model)]
)


def view_on_site(request, **path):
    """Nothing has a page of its own outside; Django's view of this address takes no model's id but a number."""
    raise Http404


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
