"""Searches and filters of the admin's lists, within bounds: each word costs the database as much as the first."""

from django.contrib import messages
from django.db import DataError
from django.db.models import Q
from django.http import QueryDict
from django.utils.text import smart_split, unescape_string_literal
from django.utils.translation import gettext as _

MOST_CHARACTERS, MOST_WORDS = 200, 10


def words(request, text: str) -> list[str]:
    """The words to search for, what stands in quotes as one; the page says so when not all of the text is."""
    found = list(smart_split(text[:MOST_CHARACTERS]))
    if len(text) > MOST_CHARACTERS or len(found) > MOST_WORDS:
        messages.warning(
            request,
            _("The search took the first %(words)s words, of %(characters)s characters at most; shorten it.")
            % {"words": MOST_WORDS, "characters": MOST_CHARACTERS},
        )
    return found[:MOST_WORDS]


class SoundFilters:
    """Filters in an address that no database takes find nothing.

    A regular expression would be the visitor's own; NUL is no text for PostgreSQL; a year may be beyond all dates.
    """

    def changelist_view(self, request, extra_context=None):
        asked = [text for name, values in request.GET.lists() for text in (name, *values)]
        if any("\0" in text for text in asked) or any("regex" in name for name in request.GET):
            return self._nothing(request, extra_context)
        try:
            return super().changelist_view(request, extra_context)
        except (ValueError, OverflowError, DataError):
            # Django takes each failure of reading a filter for the visitor's; these come as the database is asked.
            if request.method != "GET" or not request.GET:
                raise
            return self._nothing(request, extra_context)

    def searched(self, request, queryset, search_term):
        """The rows that the search finds, as `get_search_results` returns them."""
        raise NotImplementedError

    def get_search_results(self, request, queryset, search_term):
        if getattr(request, "finds_nothing", False):
            return queryset.none(), False
        return self.searched(request, queryset, search_term)

    def _nothing(self, request, extra_context):
        request.finds_nothing, request.GET = True, QueryDict()
        return super().changelist_view(request, extra_context)


class BoundedSearch(SoundFilters):
    """For an admin with `search_fields`."""

    def searched(self, request, queryset, search_term):
        # Django's own, beyond the mixin that calls this.
        bounded = " ".join(words(request, search_term))
        return super(SoundFilters, self).get_search_results(request, queryset, bounded)


class NameSearch(SoundFilters):
    """For an admin of what has names; `named(text)` is the condition that a row has the text in one of them."""

    def named(self, text: str) -> Q:
        raise NotImplementedError

    def searched(self, request, queryset, search_term):
        for word in words(request, search_term):
            quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "\"'"
            queryset = queryset.filter(self.named(unescape_string_literal(word) if quoted else word))
        return queryset, False
