"""Two versions of a text as HTML, with what differs marked in each."""

import re
from difflib import SequenceMatcher

from django.utils.html import format_html, format_html_join

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
# Longer texts are not compared word by word, which would take too long; nor those that have little in common.
COMPARED_UP_TO = 20_000
ALIKE = 0.4


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
