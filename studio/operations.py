"""What editors can have done to universes in the background, told by one table: its title, form and service."""

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from api.idempotency import KeyRefused
from api.roles import GENERATE
from generation import estimates, kinds
from generation import services as generation
from generation.errors import CannotGenerate, LimitReached, ProviderError, Unusable
from jobs.errors import Busy, NotPossible
from syncer.errors import SyncError
from universes.errors import AlreadyExists, Invalid, NotFound
from universes.models import Language
from universes.names import music_name

from .html import dollars
from .progress import files, progress

# What the services refuse with a sentence for people.
REFUSALS = (
    AlreadyExists, Busy, CannotGenerate, Invalid, KeyRefused, LimitReached, NotFound, NotPossible, ProviderError,
    SyncError, Unusable,
)  # fmt: skip


def switch(label, help_text="", initial=False):
    return forms.BooleanField(
        label=label, help_text=help_text, required=False, initial=initial, widget=UnfoldBooleanSwitchWidget()
    )


class OperationForm(forms.Form):
    """What one can choose before an operation starts. `universes`: those that it is about."""

    def __init__(self, *args, universes=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.universes = universes


class RemakeForm(OperationForm):
    regenerate = switch(
        gettext_lazy("Make those that exist again too"),
        gettext_lazy("Each one is paid for again; what it replaces stays in the archive."),
    )


class MusicForm(OperationForm):
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages"),
        choices=Language.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=gettext_lazy("Each needs lyrics; a song that exists is made again and replaced."),
    )
    style = forms.CharField(
        label=gettext_lazy("Style"),
        required=False,
        min_length=10,
        max_length=300,
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("Where a song has no style of its own; 10 to 300 characters."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["languages"] = [language for language in Language.values if self._can_be_sung(language)]

    def _can_be_sung(self, language):
        return any(language in unsung(universe) for universe in self.universes)


class EverythingForm(OperationForm):
    theme = forms.CharField(
        label=gettext_lazy("Theme"),
        max_length=500,
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("What the cards are about, in a few words."),
    )
    count = forms.IntegerField(
        label=gettext_lazy("Number of cards"),
        min_value=1,
        max_value=50,
        initial=10,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text=gettext_lazy("Where a universe has none yet."),
    )
    generate_videos = switch(gettext_lazy("Clips too"), initial=True)
    generate_music = switch(gettext_lazy("Songs too"), initial=True)
    regenerate = switch(
        gettext_lazy("Think up new cards"),
        gettext_lazy("They replace those that there are, which stay as a revision."),
    )


class GapsForm(OperationForm):
    theme = forms.CharField(
        label=gettext_lazy("Theme of the songs"),
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("Where there are no lyrics in any language; empty: no songs there."),
    )


@dataclass(frozen=True)
class Operation:
    """`says(universe)`: what will happen to it. `start(universes, values, author, once)`: the jobs, one after the
    other; the same `once` again gives the same jobs.

    `scope`: what one needs to see and start it. `costs(universe)`: what that is expected to cost, `(missing,
    again)` in US dollars: what is missing, None where nobody knows; all made again, None where that is not offered.
    """

    key: str
    scope: str
    title: str
    icon: str
    form: type[OperationForm]
    says: Callable
    start: Callable
    # What it does as a whole, above the list of universes.
    warning: str
    costs: Callable


def for_each(start):
    """An operation that is one job for each universe."""

    def start_all(universes, values, author, once):
        for universe in universes:
            key = f"{once}-{universe.pk}" if once else ""
            yield lambda universe=universe, key=key: start(universe, **values, author=author, once=key)

    return start_all


def unsung(universe):
    """The languages that have lyrics here, but no song yet."""
    present = files(universe)
    return [
        song.language
        for song in universe.music_prompts.all()
        if song.lyrics and music_name(song.language) not in present
    ]


def says_pictures(universe):
    number = progress(universe).missing_pictures
    text = ngettext("%(number)s picture is missing.", "%(number)s pictures are missing.", number)
    return text % {"number": number}


def says_clips(universe):
    number = progress(universe).waiting_for_clips
    text = ngettext("%(number)s picture has no clip.", "%(number)s pictures have no clip.", number)
    return text % {"number": number}


def says_songs(universe):
    number = len(unsung(universe))
    text = ngettext("%(number)s song can be made.", "%(number)s songs can be made.", number)
    return text % {"number": number}


def says_everything(universe):
    done = progress(universe)
    if not done.cards:
        text = _(
            "It has no cards yet: they are thought up first, %(number)s unless you choose another number."
        )
        return text % {"number": estimates.CARDS}
    return " ".join([says_pictures(universe), says_clips(universe), says_songs(universe)])


def says_gaps(universe):
    """How many gaps of each kind are filled, and which are not and why."""
    made = estimates.gaps(universe)
    numbers = [
        _("%(kind)s: %(number)s") % {"kind": kinds.GAPS[key].noun, "number": told.number}
        for key, told in made.kinds.items()
        if told.number
    ]
    filled = f"{', '.join(numbers)}." if numbers else _("There are no gaps to fill.")
    return " ".join([filled, *map(str, made.left_out)])


def costs_gaps(universe):
    return estimates.gaps(universe).total, None


def costs_pictures(universe):
    return estimates.images(universe), estimates.images(universe, regenerate=True)


def costs_clips(universe):
    return estimates.videos(universe), estimates.videos(universe, regenerate=True)


def costs_songs(universe):
    return estimates.songs(universe, unsung(universe)), None


def costs_everything(universe):
    return estimates.everything(universe), None


def cost_of(missing, again=None):
    """The words for what the missing ones cost; for what all cost made again, where that differs."""
    if missing is None:
        return _("cost not known: MODEL_PRICES lacks a model")
    if again is None or again == missing:
        return _("about %(missing)s") % {"missing": dollars(missing)}
    amounts = {"missing": dollars(missing), "again": dollars(again)}
    return _("about %(missing)s; %(again)s if all are made again") % amounts


def total(amounts):
    """The same of several together, each `(missing, again)`."""
    if any(missing is None for missing, _again in amounts):
        return cost_of(None)
    together = sum(missing for missing, _again in amounts)
    return cost_of(together, sum(missing if again is None else again for missing, again in amounts))


PAID = gettext_lazy(
    "Each picture, clip and song is paid for. Those that exist are left alone unless you choose otherwise."
)

OPERATIONS = {
    operation.key: operation
    for operation in (
        Operation(
            "gaps", GENERATE, gettext_lazy("Fill all gaps"), "auto_fix_high", GapsForm,
            says_gaps, for_each(generation.start_gaps),
            gettext_lazy("What is missing is made, and what is there is left alone. Each thing is paid for."),
            costs_gaps,
        ),
        Operation(
            "pictures", GENERATE, gettext_lazy("Generate pictures"), "image", RemakeForm,
            says_pictures, for_each(generation.start_images), PAID, costs_pictures,
        ),
        Operation(
            "clips", GENERATE, gettext_lazy("Generate clips"), "movie", RemakeForm,
            says_clips, for_each(generation.start_videos), PAID, costs_clips,
        ),
        Operation(
            "songs", GENERATE, gettext_lazy("Generate songs"), "music_note", MusicForm,
            says_songs, for_each(generation.start_music), gettext_lazy("Each song is paid for."),
            costs_songs,
        ),
        Operation(
            "everything", GENERATE, gettext_lazy("Generate everything"), "auto_awesome", EverythingForm,
            says_everything, for_each(generation.start_all), PAID, costs_everything,
        ),
    )
}  # fmt: skip
