"""API tokens in the admin: made by who administers, shown once, revoked."""

from django import forms
from django.contrib import admin, messages
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminIntegerFieldWidget

from api import tokens
from api.models import ApiToken
from api.roles import READ

from .search import BoundedSearch

DAYS = 90


class TokenForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("scopes"),
        choices=[(scope, scope) for scope in tokens.SCOPES],
        initial=[READ],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("It never reaches further than your own account does."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("valid for so many days"),
        min_value=1,
        max_value=tokens.MOST_DAYS,
        initial=DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    class Meta:
        model = ApiToken
        fields = ["name", "scopes"]
        help_texts = {"name": gettext_lazy("What uses it; it stands as the author of what it changes.")}

    def clean_name(self):
        if not self.cleaned_data["name"].isprintable():
            raise forms.ValidationError(_("Write the name on one line."))
        return self.cleaned_data["name"]


@admin.register(ApiToken)
class ApiTokenAdmin(BoundedSearch, ModelAdmin):
    form = TokenForm
    list_display = ["name", "state", "scope_words", "owner", "key", "last_used_at", "expires_at"]
    list_filter = []
    search_fields = ["name", "key"]
    list_select_related = ["owner"]
    actions = ["revoke_selected"]
    readonly_fields = [
        "state",
        "scope_words",
        "owner",
        "key",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    ]

    def get_fields(self, request, obj=None):
        return ["name", *self.readonly_fields] if obj else ["name", "scopes", "days"]

    def get_form(self, request, obj=None, **kwargs):
        # Of the fields that are not the model's own, the form knows by itself.
        return super().get_form(request, obj, **{**kwargs, "fields": ["name", "scopes"]})

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        """Nobody: a restored backup keeps revoked what is known to be so, and knows nothing of what is gone."""
        return False

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("magikswipe.view_apitoken") or self.has_revoke_permission(request)

    def has_revoke_permission(self, request):
        return request.user.has_perm("magikswipe.change_apitoken")

    def save_model(self, request, obj, form, change):
        token, request.token_text = tokens.create(
            obj.name, form.cleaned_data["scopes"], form.cleaned_data["days"], owner=request.user
        )
        obj.__dict__.update(token.__dict__)

    def add_view(self, request, *args, **kwargs):
        return never_cache(super().add_view)(request, *args, **kwargs)

    def response_add(self, request, obj, post_url_continue=None):
        """The one page that shows the token; nothing keeps it."""
        context = {**self.admin_site.each_context(request), "title": obj.name, "text": request.token_text}
        return render(request, "admin/magikswipe/apitoken/made.html", context)

    @admin.action(description=gettext_lazy("Revoke the selected tokens"), permissions=["revoke"])
    def revoke_selected(self, request, queryset):
        valid = [token for token in queryset if not token.revoked_at]
        for token in valid:
            tokens.revoke(token)
            self.log_change(request, token, _("Revoked."))
        said = ngettext("%(count)s token is revoked.", "%(count)s tokens are revoked.", len(valid))
        messages.success(request, said % {"count": len(valid)})

    @display(
        description=gettext_lazy("state"),
        label={"valid": "success", "revoked": "danger", "expired": "warning"},
    )
    def state(self, token):
        if token.is_valid:
            return "valid", _("valid")
        return ("revoked", _("revoked")) if token.revoked_at else ("expired", _("expired"))

    @display(description=gettext_lazy("scopes"))
    def scope_words(self, token):
        return ", ".join(token.scopes)
