"""Saving the fields of a form as soon as one leaves them: what the page's script sends, and what it is told."""

from django.http import JsonResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from ...services import editing, edits

SEEN = "seen_"


def save(request, item, form, author):
    """Save what changed of a universe, card or song; JSON `words` as they are now and `conflicts`.

    What may not be is a 422 with `errors` by field.
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
        return JsonResponse({"detail": sentence, "errors": errors}, status=422)
    typed = {name: _text(bound.cleaned_data[name]) for name in typed}
    seen = {name: request.POST.get(f"{SEEN}{name}", "").replace("\r\n", "\n") for name in typed}
    conflicts = editing.save(item, typed, seen, author)
    words = {name: text for name, text in edits.words(item).items() if name in typed}
    return JsonResponse({"words": words, "conflicts": [described(conflict) for conflict in conflicts]})


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
    words = {"text": conflict.theirs, "who": conflict.author}
    if conflict.created_at is None:
        return _("Meanwhile this became “%(text)s”.") % words
    words["when"] = date_format(localtime(conflict.created_at), "TIME_FORMAT")
    if not conflict.author:
        return _("At %(when)s somebody changed this to “%(text)s”.") % words
    return _("At %(when)s %(who)s changed this to “%(text)s”.") % words
