"""Edits as sentences."""

from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.models import Job
from universes.models import Language
from universes.services import edits

from ..html import isolated, marked

FIELDS = {
    "name": gettext_lazy("the name"),
    "display_name": gettext_lazy("the name"),
    "name_fr": gettext_lazy("the French name"),
    "name_en": gettext_lazy("the English name"),
    "name_es": gettext_lazy("the Spanish name"),
    "name_it": gettext_lazy("the Italian name"),
    "name_de": gettext_lazy("the German name"),
    "sort_order": gettext_lazy("the place"),
    "is_public": gettext_lazy("who sees it"),
    "background_color": gettext_lazy("the background colour"),
    "background_music": gettext_lazy("the background music"),
    "thumbnail_url": gettext_lazy("the thumbnail's address"),
    "default_image_prompt": gettext_lazy("the picture prompt"),
    "default_video_prompt": gettext_lazy("the clip prompt"),
    "custom_image_prompt": gettext_lazy("the picture prompt"),
    "custom_video_prompt": gettext_lazy("the clip prompt"),
    "prompt": gettext_lazy("the style"),
    "lyrics": gettext_lazy("the lyrics"),
}
CHANGED = {
    edits.UNIVERSE: gettext_lazy("{who} changed {field} of the universe"),
    edits.CARD: gettext_lazy("{who} changed {field} of “{what}”"),
    edits.SONG: gettext_lazy("{who} changed {field} of the song in {what}"),
}
MADE = {
    edits.CARD: gettext_lazy("{who} made the card “{what}”"),
    edits.SONG: gettext_lazy("{who} began the song in {what}"),
}
SWITCHED = {"True": gettext_lazy("public"), "False": gettext_lazy("private")}


def sentence(edit):
    """Who did what to what, as HTML, without the words before and after."""
    words = (CHANGED if edit.field else MADE)[edit.kind]
    return format_html(
        str(words),
        who=format_html("<strong>{}</strong>", _who(edit)),
        field=FIELDS.get(edit.field, edit.field),
        what=_what(edit),
    )


def _who(edit):
    """At the beginning of a sentence; a person is called as they call themselves."""
    words = who(edit.author, edit.job)
    return words if words == edit.author else capfirst(words)


def who(author, job):
    """Whoever changed something, within a sentence: a person, or the job of this type that they started."""
    if not job:
        return author or _("somebody")
    words = _("the job “{job}” that {who} started") if author else _("the job “{job}”")
    return words.format(job=Job(type=job).title, who=author)


def _what(edit):
    return Language(edit.subject).label if edit.kind == edits.SONG else isolated(edit.label)


def before_and_after(edit):
    """The words before and after as HTML with what differs marked; '' for what is empty."""
    if edit.field == "is_public":
        return SWITCHED.get(edit.old, ""), SWITCHED.get(edit.new, "")
    return marked(edit.old, edit.new)
