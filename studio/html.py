"""Pieces of HTML that the admin's lists and forms share; everything that comes in is escaped."""

import re
from decimal import Decimal
from difflib import SequenceMatcher

from django.utils.formats import number_format
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

NOTHING = "–"
WORDS = re.compile(r"\s+|\w+|[^\w\s]")
# Longer texts are not compared word by word, which would take too long; nor those that have little in common.
COMPARED_UP_TO = 20_000
ALIKE = 0.4


def isolated(name) -> SafeString:
    """A name that people typed, apart from the text around it, whichever way it is written.

    https://www.w3.org/International/articles/inline-bidi-markup/
    """
    return format_html("<bdi>{}</bdi>", name)


def with_names(text, **names) -> SafeString:
    """A text such as `Draw “%(card)s”` with names in it, as HTML: each is escaped and isolated."""
    # Nothing but what was escaped is put together here.
    return mark_safe(escape(text) % {key: isolated(name) for key, name in names.items()})  # noqa: S308


def picture(url, alt, size="small"):
    """A picture, or an empty frame of the same size when there is none (`url` is None)."""
    if not url:
        return format_html(
            '<span class="ms-picture ms-{} ms-empty" title="{}"></span>', size, _("no picture yet")
        )
    return format_html('<img class="ms-picture ms-{}" src="{}" alt="{}" loading="lazy">', size, url, alt)


def song(url):
    if not url:
        return _("no song yet")
    return format_html('<audio class="ms-song" src="{}" controls preload="none"></audio>', url)


def count(done, total):
    """A bar with `done of total` beside it."""
    percent = round(100 * done / total) if total else 0
    return bar(percent, f"{done} / {total}")


def dollars(amount):
    """An amount in cents, or finer where it is; None is not known."""
    if amount is None:
        return NOTHING
    places = 2 if amount == amount.quantize(Decimal("0.01")) else 4
    return f"{number_format(amount, decimal_pos=places)} USD"


def mark(present):
    """A tick for what is there; a dash else, which alarms nobody."""
    if not present:
        return NOTHING
    return format_html(
        '<span class="material-symbols-outlined ms-tick" role="img" aria-label="{}">check</span>', _("yes")
    )


def bar(percent, text, state=""):
    """A progress bar. `percent`: 0–100; `state`: one of jobs' states, which colours it."""
    return format_html(
        '<span class="ms-progress"><span class="ms-bar ms-{}" role="img" aria-label="{}">'
        '<span style="width:{}%"></span></span><span class="ms-count">{}</span></span>',
        state or ("completed" if percent == 100 else "running"),
        f"{percent} %",
        percent,
        text,
    )


def marked(before, after):
    """`(before, after)` as HTML; words that go are in `<del>`, words that come in `<ins>`."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    matcher = SequenceMatcher(None, old, new)
    if len(before) + len(after) > COMPARED_UP_TO or matcher.quick_ratio() < ALIKE:
        return format_html("{}", before), format_html("{}", after)
    parts = matcher.get_opcodes()
    return (
        _joined("del", [(same == "equal", old[start:end]) for same, start, end, _, _ in parts]),
        _joined("ins", [(same == "equal", new[start:end]) for same, _, _, start, end in parts]),
    )


def _joined(tag, parts):
    pieces = [(same, "".join(words)) for same, words in parts if words]
    return format_html_join(
        "",
        "{}",
        ((text if same else format_html(f"<{tag}>{{}}</{tag}>", text),) for same, text in pieces),
    )
