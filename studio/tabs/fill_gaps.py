"""Filling all gaps at once: what can be made of each kind, and what that costs, before anything is bought."""

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from api.roles import GENERATE
from generation import estimates, kinds
from generation import services as generation
from generation.kinds import GapKind
from universes.models import LANGUAGES

from ..html import dollars
from ..model_admins import author
from ..operations import REFUSALS
from . import dialogs, names, pages

LONGEST_THEME = 500
CHANGED = gettext_lazy("It has changed since you looked: these are the gaps now. Nothing has been begun yet.")


@dataclass(frozen=True)
class Line:
    """A kind of gap in the dialog: how many can be filled, for what, and how many can't and why."""

    kind: GapKind
    number: int
    cost: Decimal | None
    ticked: bool
    left: int

    @property
    def title(self):
        return self.kind.title

    @property
    def words(self):
        return self.kind.counted(self.number)

    @property
    def price(self):
        return dollars(self.cost)

    @property
    def reason(self):
        return self.kind.reason


@require_http_methods(["GET", "POST"])
@pages.studio_view(GENERATE)
def fill_all(request, universe):
    """A GET tells for each kind how many gaps there are and what filling them costs; a POST begins those ticked.

    `kind`, once for each that is ticked, all of them at first; `theme`: what songs are about where none is written.
    """
    if request.method == "GET":
        ticked = request.GET.getlist("kind") if "chosen" in request.GET else kinds.GAPS
        return _ask(request, universe, ticked, request.GET.get("theme", ""))
    ticked, theme = request.POST.getlist("kind"), request.POST.get("theme", "")[:LONGEST_THEME].strip()
    if not ticked:
        return _ask(request, universe, ticked, theme, _("Tick what is to be made."))
    if dialogs.has_changed(request, _told(universe, ticked, theme)):
        return _ask(request, universe, ticked, theme, CHANGED)
    wishes = {"theme": theme, "author": author(request), "once": dialogs.once(request)}
    try:
        generation.start_gaps(universe, ticked, **wishes)
    except REFUSALS as error:
        return _ask(request, universe, ticked, theme, str(error))
    return dialogs.started(dialogs.instead("gaps", names.render_summary(request, universe)))


def _ask(request, universe, ticked, theme, error=""):
    ticked = [kind for kind in kinds.GAPS if kind in ticked]
    missing, wanted = kinds.lacking(universe), estimates.gaps(universe, ticked, theme)
    found = lines(missing, wanted, estimates.gaps(universe, theme=theme), ticked)
    nothing = not any(line.number for line in found if line.ticked)
    return dialogs.show(
        request,
        title=_("Fill all gaps"),
        text=_("Only what is missing is made; everything that is there stays."),
        submit=_("Fill"),
        error=error,
        template="admin/studio/names_fill.html",
        action=request.path,
        lines=found,
        total=total([line for line in found if line.ticked and line.number]),
        nothing=nothing,
        theme=theme,
        seen=_told(universe, ticked, theme),
        asks_theme=_has_no_lyrics(missing) and kinds.LYRICS.key in ticked,
    )


def _told(universe, ticked, theme):
    """A text that is another one as soon as filling these kinds makes something else."""
    steps = kinds.filling(universe, ticked, theme).all_steps()
    made = [(step.key, step.params.get("cards") or step.params.get("languages")) for step in steps]
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()


def lines(missing, wanted, whole, ticked):
    """A Line for each kind of which something is missing; `wanted` and `whole` are estimates of what is ticked, and
    of all."""
    return [
        _line(kind, missing[key], (wanted if key in ticked else whole).kinds[key], key in ticked)
        for key, kind in kinds.GAPS.items()
        if missing[key]
    ]


def _line(kind, missing, told, ticked):
    return Line(kind, told.number, told.cost, ticked, len(missing) - told.number)


def total(chosen):
    """The sentence that says what these Lines cost together, as far as prices are known."""
    known = sum((line.cost for line in chosen if line.cost is not None), Decimal(0))
    unknown = [str(line.title) for line in chosen if line.cost is None]
    if not unknown or not known:
        return dialogs.costs(None if unknown else known)
    words = {"cost": dollars(known), "kinds": ", ".join(unknown)}
    return _("This costs about %(cost)s, without what has no price in MODEL_PRICES: %(kinds)s.") % words


def _has_no_lyrics(missing):
    return len(missing[kinds.LYRICS.key]) == len(LANGUAGES)
