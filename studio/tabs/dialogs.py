"""The dialog of the studio's pages: a GET fills and opens it, its form's POST does what it says."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from api import idempotency

from ..html import dollars

ONCE, SEEN = "once", "seen"


def show(
    request,
    *,
    title,
    text,
    submit,
    note="",
    error="",
    danger=False,
    seen="",
    template="admin/studio/dialog.html",
    **more,
):
    """The dialog with a form that POSTs to the address it was asked for from.

    `note`: a longer text that is shown as it is. `error`: why what was just tried could not be done.
    `seen`: what the dialog is about, as text that is another one after any change; `has_changed` compares it.
    """
    context = {
        "title": title,
        "text": text,
        "note": note,
        "submit": submit,
        "error": error,
        "danger": danger,
        "seen": seen,
        "action": request.get_full_path(),
        # One form, one order: whoever sends it twice gets the same job.
        "once": request.POST.get(ONCE) if error else uuid.uuid4().hex,
        **more,
    }
    return render(request, template, context, status=409 if error else 200)


def once(request):
    """The mark of the form that was sent; one of its own for a form without."""
    return request.POST.get(ONCE, "")[:64] or uuid.uuid4().hex


def has_changed(request, now):
    """Whether the form that was sent saw something else than there is now, so that it may not buy anything.

    A form that was sent before has its job already, however much that changed; one that tells nothing saw nothing.
    """
    if request.POST.get(SEEN, now) == now:
        return False
    return not idempotency.is_used(once(request))


def costs(amount):
    """The sentence that says what something will cost."""
    if amount is None:
        return _("What this costs is not known: MODEL_PRICES lacks the model.")
    return _("This costs about %(cost)s.") % {"cost": dollars(amount)}


def later(response, error):
    """The dialog that says that the server is busy, as an answer that says it, too."""
    response.status_code = 503
    response["Retry-After"] = str(error.retry_after)
    return response


def instead(element_id, response):
    """Let the response take the place of that element; the dialog closes."""
    response["HX-Retarget"] = f"#{element_id}"
    response["HX-Reswap"] = "outerHTML"
    return response


def removed(element_id):
    """Let that element go."""
    response = HttpResponse()
    response["HX-Retarget"] = f"#{element_id}"
    response["HX-Reswap"] = "delete"
    return response


def started(response):
    """Let the page look at once for what was started."""
    response["X-Started"] = "1"
    return response
