"""The questions that the list of universes answers: what they lack, and whether they are published as they are."""

from collections import defaultdict

from django.contrib import admin
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from universes.models import LANGUAGES, Asset, Language, Universe
from universes.names import music_name

from . import overview
from .progress import files

NONE, SOME, ALL, ANY = "none", "some", "all", "any"


class Filter(admin.SimpleListFilter):
    """A filter with fixed choices; any other value in the address chooses nothing."""

    choices_there_are = ()

    def lookups(self, request, model_admin):
        return self.choices_there_are

    def queryset(self, request, queryset):
        known = {value for value, _title in self.choices_there_are}
        return self.narrow(queryset) if self.value() in known else queryset

    def narrow(self, queryset):
        raise NotImplementedError


class FileFilter(Filter):
    """By what the media folders hold, which no database knows: each folder is listed."""

    def fits(self, universe):
        raise NotImplementedError

    def narrow(self, queryset):
        return queryset.filter(pk__in=[universe.pk for universe in self.universes() if self.fits(universe)])

    def universes(self):
        return Universe.objects.all()


def amount(number, of):
    if not number:
        return NONE
    return ALL if number == of else SOME


class PicturesFilter(FileFilter):
    title, parameter_name = _("pictures"), "pictures"
    choices_there_are = (
        (NONE, _("without pictures")),
        (SOME, _("some missing")),
        (ALL, _("complete")),
    )

    def universes(self):
        # Names alone: all cards of all universes as rows would take a second.
        self.names = defaultdict(list)
        for pk, name in Asset.objects.order_by().values_list("universe_id", "image_name"):
            self.names[pk].append(name)
        return super().universes()

    def fits(self, universe):
        names = self.names[universe.pk]
        return amount(sum(name in files(universe) for name in names), len(names)) == self.value()


class SongsFilter(FileFilter):
    title, parameter_name = _("songs"), "songs"
    choices_there_are = ((NONE, _("without songs")), (SOME, _("some missing")), (ALL, _("complete")))

    def fits(self, universe):
        songs = sum(music_name(language) in files(universe) for language in LANGUAGES)
        return amount(songs, len(LANGUAGES)) == self.value()


class NamesFilter(Filter):
    title, parameter_name = _("names"), "names"
    choices_there_are = (
        (ANY, _("some missing")),
        (Language.FRENCH.value, _("names missing in French")),
        (Language.ENGLISH.value, _("names missing in English")),
        (Language.SPANISH.value, _("names missing in Spanish")),
        (Language.ITALIAN.value, _("names missing in Italian")),
        (Language.GERMAN.value, _("names missing in German")),
    )

    def narrow(self, queryset):
        languages = LANGUAGES if self.value() == ANY else [self.value()]
        return queryset.filter(Exists(overview.unnamed(languages).filter(universe=OuterRef("pk"))))


class SyncFilter(FileFilter):
    title, parameter_name = _("publishing"), "sync"
    choices_there_are = (
        (overview.NEVER, _("not published")),
        (overview.CHANGED, _("changed since last publish")),
        (overview.AHEAD, _("changed in Supabase")),
        (overview.BOTH, _("changed on both sides")),
        (overview.SYNCED, _("published as it is")),
    )

    def universes(self):
        return overview.overview()

    def fits(self, universe):
        state = overview.state(universe)
        return state == self.value() or (self.value() == overview.CHANGED and state == overview.BOTH)
