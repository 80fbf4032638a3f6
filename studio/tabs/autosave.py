"""Saving the fields of a form as soon as one leaves them: what the page's script sends, and what it is told."""

from django.http import JsonResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from universes.services import edits

from . import edit_sentences, live

SEEN = "seen_"


def save(request, item, form, author):
    """Save what changed of a card or song. Returns `(told, status)`: `words` as they are now and `conflicts`.

    What may not be is told as `errors` by field, with 422.
    The request has `<field>` and `seen_<field>` for each field that somebody touched; `form` is the Django form
    class that knows what each may hold. A field that it does not know is left out.
    """
    typed = {
        name: request.POST[name].replace("\r\n", "\n") for name in form.base_fields if name in request.POST
    }
    bound = form(typed)
    errors = {name: list(found) for name, found in bound.errors.items() if name in typed}
    if errors:
        sentence = next(iter(errors.values()))[0]
        return {"detail": sentence, "errors": errors}, 422
    typed = {name: _text(bound.cleaned_data[name]) for name in typed}
    seen = {name: request.POST.get(f"{SEEN}{name}", "").replace("\r\n", "\n") for name in typed}
    conflicts = edits.save(item, typed, seen, author)
    words = {name: text for name, text in edits.words(item).items() if name in typed}
    return {"words": words, "conflicts": [described(conflict) for conflict in conflicts]}, 200


class Part:
    """The part of a page that a save comes from; to be made before anything is saved.

    `key` is its name, such as `card:<id>`. The page may send the `signature` that it has.
    """

    def __init__(self, request, universe, key):
        self.universe, self.key = universe, key
        now = self.signature()
        # Such a page has yet to fetch what somebody else changed.
        self.is_late = request.POST.get("signature", now) != now

    def signature(self):
        return live.signature(self.key, self.universe, live.work_of(self.universe))

    def answer(self, told, status):
        """JSON of what `save` tells, with the `signature` of the part as the page shows it now."""
        if status == 200 and not self.is_late:
            told = {**told, "signature": self.signature()}
        return JsonResponse(told, status=status)


def _text(value):
    return "" if value is None else str(value)


def described(conflict):
    """A conflict as the script shows it, with the words of its two buttons."""
    return {
        "field": conflict.field,
        "theirs": conflict.theirs,
        "message": sentence(conflict),
        "keep": _("Keep mine"),
        "take": _("Take theirs"),
    }


def sentence(conflict):
    if conflict.created_at is None:
        return _("Meanwhile this became “%(text)s”.") % {"text": conflict.theirs}
    words = {"text": conflict.theirs, "who": edit_sentences.who(conflict.author, conflict.job)}
    words["when"] = date_format(localtime(conflict.created_at), "TIME_FORMAT")
    return _("At %(when)s %(who)s changed this to “%(text)s”.") % words
