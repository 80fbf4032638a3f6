"""The admin's sidebar: what editors work with, then the accounts; each item for those who may see it."""

from django.urls import reverse
from django.utils.translation import gettext as _

from jobs.models import ACTIVE, Job


def show(request):
    """Unfold's SIDEBAR.navigation."""
    home = {"title": _("Home"), "icon": "home", "link": reverse("admin:index")}
    work = [
        _item(request, _("Universes"), "auto_awesome_mosaic", "universes_universe"),
        _item(request, _("Cards"), "style", "universes_asset"),
        _item(request, _("Jobs"), "progress_activity", "jobs_job", badge=_active_jobs()),
        _item(request, _("Spending"), "payments", "generation_charge"),
        _item(request, _("Revisions"), "history", "universes_revision"),
    ]
    accounts = [
        _item(request, _("Users"), "person", "auth_user"),
        _item(request, _("Groups"), "group", "auth_group"),
        _item(request, _("API tokens"), "key", "magikswipe_apitoken"),
    ]
    return [{"items": [home, *work]}, {"title": _("Accounts"), "separator": True, "items": accounts}]


def _item(request, title, icon, model, badge=None):
    app, name = model.split("_")
    allowed = request.user.has_perm(f"{app}.view_{name}")
    return {
        "title": title,
        "icon": icon,
        "link": reverse(f"admin:{model}_changelist"),
        "permission": lambda _request: allowed,
        "badge": badge,
    }


def _active_jobs():
    """How many jobs are at work; no badge for none."""
    return Job.objects.filter(status__in=ACTIVE).count() or None
