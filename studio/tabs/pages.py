"""What the studio's pages share: who may see them, the header, the tabs."""

from dataclasses import dataclass
from functools import wraps

from django.contrib import admin
from django.http import Http404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from api.roles import GENERATE, PUBLISH, READ, WRITE, may, require
from universes.models import LANGUAGES, Universe

from ..html import count
from ..progress import progress
from ..thumbnails import thumbnail_url


@dataclass(frozen=True)
class Tab:
    key: str
    title: str
    url_name: str

    def address(self, universe):
        return reverse(f"admin:{self.url_name}", args=[universe.pk])


TABS = (
    Tab("cards", gettext_lazy("Cards"), "studio_cards"),
    Tab("names", gettext_lazy("Names"), "studio_names"),
    Tab("songs", gettext_lazy("Songs"), "studio_songs"),
    Tab("prompts", gettext_lazy("Prompts"), "universes_universe_change"),
    Tab("activity", gettext_lazy("Activity"), "studio_activity"),
    Tab("publish", gettext_lazy("Publish"), "universes_universe_publish"),
)


def studio_view(scope=READ):
    """A view of one universe, `view(request, universe, **kwargs)`: 403 without the scope, 404 without the universe."""

    def decorate(view):
        @wraps(view)
        def guarded(request, universe_id, **kwargs):
            require(request.user, scope)
            return view(request, find(universe_id), **kwargs)

        return guarded

    return decorate


def find(universe_id):
    found = Universe.objects.prefetch_related("assets").filter(pk=universe_id).first()
    if not found:
        raise Http404(f"Universe {universe_id} not found.")
    return found


def rights(user):
    """What somebody may do, for templates: buttons that they may not use are not there."""
    return {scope: may(user, scope) for scope in (READ, WRITE, GENERATE, PUBLISH)}


def render(request, universe, tab, template, context, status=200):
    """A whole page: the frame with the universe's header and tabs, `tab` being the present one."""
    context = {
        **admin.site.each_context(request),
        "title": universe.name,
        **frame(request, universe, tab),
        **context,
    }
    return TemplateResponse(request, template, context, status=status)


def frame(request, universe, tab):
    """What `studio/frame.html` needs."""
    return {
        "opts": Universe._meta,
        "original": universe,
        "universe": universe,
        "thumbnail": thumbnail_url(universe),
        "facts": facts(universe),
        "tabs": [(item.title, item.address(universe), item.key == tab) for item in TABS],
        "may": rights(request.user),
    }


def facts(universe):
    """What there is of it, `[(label, bar)]`."""
    done = progress(universe)
    return [
        (gettext_lazy("pictures"), count(done.pictures, done.cards)),
        (gettext_lazy("clips"), count(done.clips, done.cards)),
        (gettext_lazy("songs"), count(done.songs, len(LANGUAGES))),
    ]
